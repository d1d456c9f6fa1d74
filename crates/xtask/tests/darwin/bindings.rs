//! What published Rust code says that Apple's libraries export: its `extern` blocks.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// An `extern` block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    /// The libraries that its own attributes name.
    pub(crate) links: BTreeSet<String>,
    /// The functions and variables in it.
    pub(crate) names: BTreeSet<String>,
    /// Whether a program made it from Apple's headers.
    pub(crate) is_generated: bool,
}

/// The blocks of a package.
#[derive(Debug)]
pub(crate) struct Package {
    name: String,
    blocks: Vec<Block>,
}

/// Packages that link several libraries, and say with no attribute whose functions they declare.
const OF_SEVERAL: [(&str, &str); 1] = [
    // Foundation is there for its classes alone.
    ("objc2", "objc"),
];

/// What stands for Apple's libraries where there are none.
const ELSEWHERE: [&str; 4] = ["c", "gnustep-base", "gnustep-gui", "objfw-rt"];

impl Package {
    /// Reads all Rust code below a folder.
    pub(crate) fn read(name: &str, folder: &Path) -> Self {
        let mut blocks = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let is_generated = folder
                .components()
                .any(|part| part.as_os_str() == "generated");
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let code = fs::read(&path).unwrap();
                    let found = blocks_of(&String::from_utf8_lossy(&code));
                    blocks.extend(found.into_iter().map(|block| Block {
                        is_generated,
                        ..block
                    }));
                }
            }
        }
        Self {
            name: name.to_owned(),
            blocks,
        }
    }

    /// The blocks with what is taken from a library: those that name it themselves, and those that
    /// name none where the package has no other.
    pub(crate) fn of_library<'a>(&'a self, library: &str) -> Vec<&'a Block> {
        let links = self.blocks.iter().flat_map(|block| &block.links);
        let links: BTreeSet<&str> = links
            .map(String::as_str)
            .filter(|link| !ELSEWHERE.contains(link))
            .collect();
        let known = OF_SEVERAL.iter().find(|(name, _)| *name == self.name);
        let takes_all = match known {
            Some((_, own)) => *own == library,
            None => links.len() == 1 && links.contains(library),
        };
        let blocks = self.blocks.iter();
        blocks
            .filter(|block| {
                let says = block.links.iter().any(|link| !ELSEWHERE.contains(&&**link));
                block.links.contains(library) || (!says && takes_all)
            })
            .collect()
    }
}

/// The blocks in a file. The same names elsewhere are methods, wrappers, or words in comments.
fn blocks_of(code: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut block = Block::default();
    // How many braces are open since the block began.
    let mut depth = 0_usize;
    // Attributes that stand before whatever comes next, and how many of their brackets are open.
    let (mut attributes, mut open) = (String::new(), 0_usize);
    for line in code.lines().map(str::trim) {
        if line.starts_with("//") {
            continue;
        }
        if depth == 0 && (open > 0 || line.starts_with("#[")) {
            attributes.push_str(line);
            let count = |bracket| line.matches(bracket).count();
            open = (open + count('[')).saturating_sub(count(']'));
            // Most blocks stand on lines of their own.
            if !opens_block(line) {
                continue;
            }
        }
        if depth == 0 {
            if !opens_block(line) {
                attributes.clear();
                continue;
            }
            block.links = links(&attributes);
            attributes.clear();
        }
        for word in ["fn ", "static "] {
            let Some((before, rest)) = line.split_once(word) else {
                continue;
            };
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            // `fn` of a type, such as that of an argument, has no name.
            let name = &rest[..end.unwrap_or(rest.len())];
            if !name.is_empty() && !before.contains(':') {
                block.names.insert(name.to_owned());
            }
        }
        let count = |brace| line.matches(brace).count();
        depth = (depth + count('{')).saturating_sub(count('}'));
        if depth == 0 {
            found.push(std::mem::take(&mut block));
        }
    }
    found
}

/// Whether a line begins an `extern` block, or a macro of objc2 that becomes one.
fn opens_block(line: &str) -> bool {
    let block = line
        .split_once("extern \"C")
        .and_then(|(_, rest)| rest.split_once('"'))
        .is_some_and(|(_, rest)| rest.trim_start().starts_with('{'));
    let macros = ["extern_c! {", "extern_c_unwind! {"];
    block || macros.iter().any(|begin| line.starts_with(begin))
}

/// The libraries that attributes name.
fn links(attributes: &str) -> BTreeSet<String> {
    let links = attributes.split("link(name = \"").skip(1);
    links
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

#[test]
fn only_extern_blocks_declare() {
    let code = "// extern \"C\" { fn comment(); }\n\
        pub fn wrapper() {\n    extern \"C-unwind\" {\n        fn CFRelease(cf: *const c_void);\n\
        // fn commented(\n    }\n    unsafe { CFRelease(other) }\n}\n\
        unsafe extern \"C\" { pub fn one(f: fn(u8)); }\nfn method(&self) {}\n\
        extern \"C\" fn ours() {\n    fn inner() {}\n}\n\
        unsafe extern \"C\" {\n    pub static NSFontAttributeName: &'static NSString;\n}\n";
    let names: BTreeSet<String> = blocks_of(code)
        .into_iter()
        .flat_map(|block| block.names)
        .collect();
    let expected = ["CFRelease", "NSFontAttributeName", "one"];
    assert_eq!(names, expected.map(str::to_owned).into());
}

#[test]
fn a_block_is_of_the_library_that_it_names() {
    let block = |link: &str, name: &str| {
        format!("{link}\n#[allow(x)]\nextern \"C\" {{\n    fn {name}();\n}}\nfn other() {{}}\n")
    };
    let appkit = block("#[link(name = \"AppKit\", kind = \"framework\")]", "a");
    let carbon = block(
        "#[cfg_attr(\n    all(x),\n    link(name = \"Carbon\", kind = \"framework\")\n)]",
        "b",
    );
    let none = block("", "c");
    let of = |name: &str, code: &str, library: &str| -> Vec<String> {
        let package = Package {
            name: name.to_owned(),
            blocks: blocks_of(code),
        };
        let blocks = package.of_library(library).into_iter();
        blocks.flat_map(|block| block.names.clone()).collect()
    };
    let one = appkit.clone() + &none;
    assert_eq!(of("one", &one, "AppKit"), ["a", "c"]);
    assert_eq!(of("one", &one, "Carbon"), [] as [&str; 0]);
    // What names none may be of either.
    let both = appkit + &carbon + &none;
    assert_eq!(of("both", &both, "AppKit"), ["a"]);
    assert_eq!(of("both", &both, "Carbon"), ["b"]);
    let elsewhere = block(
        "#[cfg_attr(x, link(name = \"objc\"))]\n#[cfg_attr(y, link(name = \"objfw-rt\"))]",
        "d",
    );
    assert_eq!(of("own", &(elsewhere + &none), "objc"), ["d", "c"]);
}
