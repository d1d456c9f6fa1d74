//! Tolerant reading: both generations of JSON, unknown keys ignored, absent ones defaulted.

use serde::{Deserialize, Deserializer};

/// `null` read as the default, for keys that a release may leave empty.
pub(crate) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}
