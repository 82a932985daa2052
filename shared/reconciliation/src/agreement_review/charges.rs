//! What is billed, whatever line it stands on: a service, else a product.

use truecount_billing::ProductCode;

use crate::billed_side::LineRow;

/// A service or, where no rule names the product, that product. Capitals, and blanks around a code, make no difference.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Thing<'a> {
    Service(&'a ProductCode),
    Product(&'a ProductCode),
}

impl<'a> Thing<'a> {
    pub(crate) fn of(line: &LineRow<'a>) -> Self {
        line.service.map_or(Self::Product(&line.row.product), Self::Service)
    }

    pub(crate) fn code(self) -> &'a ProductCode {
        let (Self::Service(code) | Self::Product(code)) = self;
        code
    }

    /// By this two are one.
    pub(crate) fn key(self) -> (bool, String) {
        (matches!(self, Self::Service(_)), folded(self.code()))
    }
}

/// A product code as it is compared.
pub(crate) fn folded(code: &ProductCode) -> String {
    code.as_str().trim().to_lowercase()
}
