//! What must hold for any bytes; shared by the fuzzer and the property tests.

use std::path::Path;

use spec::Cluster;

/// Reads, and writes down what there is to say: nothing of it may panic, and what is a cluster is
/// the same when it is written and read again.
pub(crate) fn parse(bytes: &[u8]) {
    match Cluster::parse(bytes, "x", Path::new("/base")) {
        Ok(parsed) => {
            let text = parsed.cluster.to_yaml();
            let again = Cluster::parse(&text, "again", Path::new("/")).map(|parsed| parsed.cluster);
            assert_eq!(again.as_ref(), Ok(&parsed.cluster), "{text}");
        }
        Err(errors) => {
            assert!(!errors.errors.is_empty());
            assert!(!errors.to_string().is_empty());
        }
    }
}
