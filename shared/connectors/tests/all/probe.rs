//! The harmless look at a source shows that its credential may read, also where the first answer is for anybody.

use truecount_connectors::{Http, HttpSetup, connect, probe};

use crate::{
    list::secret,
    server::{Reply, Vendor},
    vendors::connectwise_answer,
};

/// Looks at a ConnectWise that refuses requests below a path with a status; what is said, and how many it was asked.
async fn look(refused: &'static str, status: u16) -> (Result<(), String>, usize) {
    let vendor = Vendor::start(move |asked, _| {
        let is_refused = asked.path().contains("/apis/") && asked.path().ends_with(refused);
        if is_refused { Reply::status(status) } else { connectwise_answer(asked) }
    })
    .await;
    let options = format!("base_url = \"{}\"\ncompany = \"lantern\"", vendor.base);
    let source = connect("connectwise", &options.parse().unwrap()).unwrap();
    let fields = [("public_key", "pub"), ("private_key", "hunter2"), ("client_id", "6e3b")];
    let http = Http::new(&source, HttpSetup { secret: secret(&fields), ..HttpSetup::default() }).unwrap();
    let outcome = probe(&source, &http).await.map_err(|error| error.to_string());
    (outcome, vendor.asked().len())
}

#[tokio::test]
async fn a_key_is_tried_on_what_only_a_key_may_read() {
    assert_eq!(look("nothing", 500).await, (Ok(()), 3), "the address, the count, the list");
    assert_eq!(look("/count", 403).await, (Ok(()), 3), "a count may be refused");
    let (wrong_key, requests) = look("", 401).await;
    assert!(wrong_key.unwrap_err().contains("does not accept the credential"));
    assert_eq!(requests, 2);
    let (no_right, requests) = look("/companies", 403).await;
    assert!(no_right.unwrap_err().starts_with("`companies`: the credential may not read this"));
    assert_eq!(requests, 3);
}
