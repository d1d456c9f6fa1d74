//! Figures that can be quoted: with their spread.

use serde::Serialize;

/// Smallest, middle and largest of several values.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figure {
    pub(super) min: f64,
    pub(super) median: f64,
    pub(super) max: f64,
    pub(super) values: Vec<f64>,
}

impl Figure {
    /// None of no values.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().collect();
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(*sorted.get(middle.checked_sub(1)?)?, sorted[middle])
        };
        Some(Self {
            min: *sorted.first()?,
            median,
            max: *sorted.last()?,
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle() {
        let figure = Figure::of([3.0, 1.0, 2.0, 10.0]).expect("values");
        assert!((figure.median - 2.5).abs() < 1e-9 && figure.min < 1.1 && figure.max > 9.9);
        let one = Figure::of([5.0]).expect("a value");
        assert!((one.median - 5.0).abs() < 1e-9);
        assert!(Figure::of([]).is_none());
    }
}
