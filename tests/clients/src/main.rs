//! What a Rust program does with the published crates, run by the tests against hookpost.
//!
//! Owns: choosing what is done. Refuses: knowing what is right; the files beside this one do.

mod pages;
mod refusals;
mod shape;
mod verify;
mod walk;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut words = std::env::args().skip(1);
    match words.next().as_deref() {
        Some("walk") => println!("{}", walk::walk().await),
        Some("pages") => pages::walk().await,
        Some("refusals") => refusals::meet().await,
        Some(system) => println!("{}", verify::accepts(system)),
        None => panic!("say walk, refusals, or whose verifier is to read stdin"),
    }
}
