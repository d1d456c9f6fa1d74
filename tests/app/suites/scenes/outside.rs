//! What opens outside of the app: shells in the user's terminal, addresses in their browser, the
//! system's own dialogs, the tray's menu in the panel.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use app_tests::{ESCAPE, Hands, RETURN, Screen};

use super::{MAIN_WINDOW, SOON, Scene, until};

/// Where the panel has the app's icon.
const ICON: (i16, i16) = (12, 884);

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

    /// The logs of all nodes go into the folder that is named in the system's dialog.
    pub(crate) async fn logs_exported(&self) {
        let (screen, hands) = (
            Screen::of(self.desktop.display()),
            Hands::on(self.desktop.display()),
        );
        let title = "Choose where the logs of “dev” go";
        let chosen = tempfile::tempdir().expect("a folder");
        let folder = chosen.path().to_str().expect("a path of letters");
        for (answer, wanted) in [(ESCAPE.to_string(), false), (folder.to_owned(), true)] {
            let (first, rest) = answer.split_at(1);
            self.chosen("button:has(svg[aria-label=\"More for “dev”\"])")
                .await;
            self.chosen_by("//*[@role='menuitem'][starts-with(normalize-space(.), 'Export logs')]")
                .await;
            screen.wait(title, true, SOON).await;
            // The first letter brings the field that takes the rest.
            hands.types(title, first);
            tokio::time::sleep(Duration::from_secs(1)).await;
            if wanted {
                hands.types(title, rest);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            until("the dialog stays", SOON, || {
                let stays = screen.shows(title);
                if stays && wanted {
                    hands.types(title, &RETURN.to_string());
                }
                !stays
            })
            .await;
        }
        self.window.shows("The logs of “dev” are in", SOON).await;
        let written: Vec<_> = std::fs::read_dir(chosen.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        let [logs] = &*written else {
            panic!("one export was asked for: {written:?}");
        };
        for node in ["dev-control-plane", "dev-worker"] {
            let journal = logs.join(node).join("journal.log");
            let journal = std::fs::read_to_string(&journal).expect("the node's journal");
            assert!(journal.contains("kubelet"), "{node}");
        }
    }

    /// The panel opens the tray's menu at a click on the icon.
    pub(crate) async fn menu_seen(&self) {
        let (screen, hands) = (
            Screen::of(self.desktop.display()),
            Hands::on(self.desktop.display()),
        );
        let before = screen.count();
        hands.click(ICON);
        until("the panel shows no menu", SOON, || screen.count() > before).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.picture_of_desktop("tray-menu");
        hands.click((700, 20));
        until("the menu stays", SOON, || screen.count() == before).await;
        screen.focus(MAIN_WINDOW);
    }

    /// The path of the kubeconfig, to be pasted wherever it is wanted.
    pub(crate) async fn path_copied(&self) {
        self.tray.click("Copy kubeconfig path").await;
        let screen = Screen::of(self.desktop.display());
        let path = self.user.kubeconfig().display().to_string();
        let end = Instant::now() + SOON;
        loop {
            let copied = screen.clipboard().await;
            if copied == path {
                return;
            }
            assert!(Instant::now() < end, "\"{copied}\" was copied");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Clicks a row.
    pub(super) async fn chosen(&self, row: &str) {
        let row = self.window.element(row).await;
        row.click().await.expect("a row that can be clicked");
    }

    async fn shell_pressed(&self) {
        let shell =
            "//*[@class and contains(@class, 'inspector')]//button[normalize-space(.)='Shell']";
        self.chosen_by(shell).await;
    }

    async fn chosen_by(&self, path: &str) {
        let clicked = self.window.at(path).await.click().await;
        clicked.expect("a button that can be clicked");
    }
}
