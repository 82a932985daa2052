//! Products of a source that no service counts: free, on trial, or nobody can be given one. The source brings a list, and
//! `[sources.ID]` in the rules changes it.

use crate::filter::Pattern;

/// A product that the rules name for a whole source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedProduct {
    /// Its part number or friendly name.
    pub pattern: Pattern,
    /// Whether the source declares a product of that name: then it is spelt right, whether or not anybody has it.
    pub is_declared: bool,
}

/// The products that a source leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductsLeftOut {
    /// Part numbers of the list that the source brings.
    pub(crate) listed: Vec<String>,
    /// `leave_out`: products that are left out besides those of the list.
    pub leave_out: Vec<NamedProduct>,
    /// `count_too`: products that count all the same.
    pub count_too: Vec<NamedProduct>,
}

impl ProductsLeftOut {
    /// Whether there is any product that is left out.
    pub(crate) fn has_any(&self) -> bool {
        !self.leave_out.is_empty() || self.listed.iter().any(|listed| self.has(listed))
    }

    /// Whether a product is left out, by its part number.
    #[must_use]
    pub fn has(&self, sku: &str) -> bool {
        let is_named = |list: &[NamedProduct]| list.iter().any(|product| product.pattern.fits(sku));
        let is_listed = || self.listed.iter().any(|listed| listed.trim().eq_ignore_ascii_case(sku.trim()));
        (is_listed() || is_named(&self.leave_out)) && !is_named(&self.count_too)
    }
}
