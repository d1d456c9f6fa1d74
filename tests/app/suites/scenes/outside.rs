//! What opens outside of the app: shells in the user's terminal, addresses in their browser.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{SOON, Scene};

impl Scene {
    /// A shell in a node, and one in a pod: what is typed there is answered there.
    pub(crate) async fn shells_opened(&mut self) {
        self.window.ctrl('1').await;
        self.chosen("[data-node=dev-control-plane]").await;
        self.shell_pressed().await;
        let prompt = "root@dev-control-plane";
        self.programs.shows(prompt, SOON).await;
        self.programs
            .types("echo \"answer $((6 * 7)) of $(hostname)\"");
        let answer = "answer 42 of dev-control-plane";
        self.programs.shows(answer, SOON).await;
        self.programs.types("exit");
        let words = self.programs.ended(SOON).await;
        let node = ["exec", "--interactive", "--tty", "dev-control-plane"];
        assert_eq!(words[1..5], node);

        self.window.ctrl('2').await;
        self.chosen("input[value=pods]").await;
        self.chosen("[role=row][aria-label^=\"orders-db-0\"]").await;
        self.shell_pressed().await;
        self.programs.shows("/ #", SOON).await;
        self.programs
            .types("echo \"answer $((6 * 7)) of $(hostname)\"");
        self.programs.shows("answer 42 of orders-db-0", SOON).await;
        self.programs.types("exit");
        self.programs.ended(SOON).await;
        self.chosen("input[value=workloads]").await;
    }

    /// The address of a service opens in the browser, and is one that answers.
    pub(crate) async fn service_opened(&self) {
        self.window.ctrl('3').await;
        self.window.press("Open web in the browser").await;
        let url = self.programs.opened(SOON).await;
        let address = url.strip_prefix("http://").expect("an address of HTTP");
        let address = address.trim_end_matches('/');
        let mut stream = TcpStream::connect(address).expect("the service");
        stream.set_read_timeout(Some(SOON)).expect("a limit");
        stream
            .write_all(b"GET / HTTP/1.0\r\n\r\n")
            .expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1."), "{url}: {answer}");
    }

    /// Clicks a row.
    pub(super) async fn chosen(&self, row: &str) {
        let row = self.window.element(row).await;
        row.click().await.expect("a row that can be clicked");
    }

    async fn shell_pressed(&self) {
        let shell =
            "//*[@class and contains(@class, 'inspector')]//button[normalize-space(.)='Shell']";
        let clicked = self.window.at(shell).await.click().await;
        clicked.expect("a button that can be clicked");
    }
}
