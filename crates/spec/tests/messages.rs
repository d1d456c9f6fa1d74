//! What a person reads about a bad file. Each file of `bad` has its messages beside it in
//! `snapshots`; `INSTA_UPDATE=always cargo test -p spec` writes them anew.

use std::error::Error;
use std::fs;
use std::path::Path;

use spec::Cluster;

#[test]
fn bad_files() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        names.extend(
            entry?
                .path()
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned()),
        );
    }
    assert!(names.len() > 30, "{names:?}");
    let count = names.len();
    for name in names {
        let bytes = fs::read(folder.join(format!("{name}.yaml")))?;
        let message = match Cluster::parse(&bytes, &format!("{name}.yaml"), Path::new("/home/me")) {
            Ok(parsed) => format!("accepted: {parsed:#?}"),
            Err(errors) => {
                assert!(!errors.errors.is_empty(), "{name}");
                errors.to_string()
            }
        };
        assert!(!message.starts_with("accepted"), "{name}: {message}");
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, message);
        });
    }
    let snapshots = fs::read_dir(folder.with_file_name("snapshots"))?.count();
    assert_eq!(
        snapshots, count,
        "a snapshot without a file, or the other way round"
    );
    Ok(())
}
