//! Builds the node image: `cargo run -p node-image --example build [VERSION [ARCHITECTURE [NAME]]]`.

use std::time::Instant;

use container::Container;
use node_image::{Architecture, Build, Error, NodeImage, Progress};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let version = arguments.next();
    let architecture: Option<Architecture> = arguments.next().map(|a| a.parse()).transpose()?;
    let mut image = NodeImage::new(version.as_deref(), architecture)?;
    if let Some(name) = arguments.next() {
        image = image.named(name);
    }
    let container = Container::locate(None)?;
    let began = Instant::now();
    let built = Build::new(&container)
        .run(&image, |progress| {
            if let Progress::Step { .. } = progress {
                println!("{:5.0} s  {progress}", began.elapsed().as_secs_f32());
            } else {
                println!("{progress}");
            }
        })
        .await?;
    println!(
        "{:5.0} s  {} made: {}",
        began.elapsed().as_secs_f32(),
        built.reference,
        built.made
    );
    Ok(())
}
