//! A client's lines by their agreements. Each line carries the terms of its own.

use truecount_billing::{BilledLine, LineRole};

use crate::run_inputs::{AgreementLine, BilledAgreement};

/// The agreements of some lines, in the order in which they first appear. Lines that name one agreement and do not say
/// the same of it (a file can) stand on two.
#[must_use]
pub fn agreements<'l>(lines: impl Iterator<Item = &'l BilledLine>) -> Vec<BilledAgreement> {
    let mut agreements: Vec<BilledAgreement> = Vec::new();
    for line in lines {
        let at = agreements.iter().position(|known| known.agreement == line.agreement).unwrap_or_else(|| {
            agreements.push(BilledAgreement {
                agreement: line.agreement.clone(),
                amount: None,
                currency: line.currency,
                lines: Vec::new(),
            });
            agreements.len() - 1
        });
        let of = &mut agreements[at];
        if is_own_amount(line) && of.amount.is_none() {
            of.amount = line.unit_price;
            of.currency = line.currency;
        } else {
            of.lines.push(agreement_line(line));
        }
    }
    agreements
}

/// Whether a line is what its agreement bills by itself each cycle: no product of the catalogue.
fn is_own_amount(line: &BilledLine) -> bool {
    line.role == LineRole::Flat && line.product_code.as_str() == BilledLine::AGREEMENT_AMOUNT
}

fn agreement_line(line: &BilledLine) -> AgreementLine {
    AgreementLine {
        id: line.line_id.clone(),
        product: line.product_code.clone(),
        product_name: line.product_name.clone(),
        category: line.product_category.clone(),
        role: line.role,
        quantity: line.quantity,
        less_included: line.less_included,
        unit_price: line.unit_price,
        catalogue_price: line.catalogue_price,
        unit_cost: line.unit_cost,
        currency: line.currency,
        from: line.effective_from,
        to: line.effective_to,
        status: line.billing_status,
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use truecount_billing::{Agreement, Currency};

    use super::*;

    fn line(id: &str, product: &str, agreement: &Agreement) -> BilledLine {
        let (id, product) = (id.parse().unwrap(), product.parse().unwrap());
        BilledLine::new(id, "c1".parse().unwrap(), product, Decimal::TWO, agreement.clone())
    }

    fn agreement(id: &str) -> Agreement {
        Agreement::new(id.parse().unwrap(), "Managed")
    }

    /// `agreement: line product role, …`.
    fn shown(lines: &[BilledLine]) -> Vec<String> {
        let line = |line: &AgreementLine| format!("{} {} {:?}", line.id, line.product, line.role);
        let of = |one: &BilledAgreement| {
            format!("{}: {}", one.agreement.id, one.lines.iter().map(line).collect::<Vec<_>>().join(", "))
        };
        agreements(lines.iter()).iter().map(of).collect()
    }

    #[test]
    fn lines_stand_on_their_agreements_and_rows_that_supersede_each_other_stay() {
        let (one, other) = (agreement("1"), agreement("2"));
        let with_role = |role, line| BilledLine { role, ..line };
        let lines = [
            line("a", "SRV", &one),
            line("b", "SRV", &other),
            with_role(LineRole::Credit, line("c", "SRV", &one)),
            line("a", "SRV", &one),
            with_role(LineRole::Flat, line("d", "NET", &other)),
            with_role(LineRole::OneTime, line("e", "NET", &other)),
            with_role(LineRole::Proration, line("f", "SRV", &one)),
        ];
        let expected = [
            "1: a SRV Recurring, c SRV Credit, a SRV Recurring, f SRV Proration",
            "2: b SRV Recurring, d NET Flat, e NET OneTime",
        ];
        assert_eq!(shown(&lines), expected);
    }

    #[test]
    fn lines_that_contradict_each_other_about_their_agreement_stand_on_two() {
        let yearly = Agreement { cycle_months: Some(12), ..agreement("1") };
        assert_eq!(shown(&[line("a", "SRV", &agreement("1")), line("b", "SRV", &yearly)]).len(), 2);
    }

    #[test]
    fn what_an_agreement_bills_by_itself_is_no_line() {
        let gbp = Currency::new("GBP").ok();
        let amount = BilledLine {
            role: LineRole::Flat,
            unit_price: Some(Decimal::ONE_HUNDRED),
            currency: gbp,
            ..line("agreement-1", BilledLine::AGREEMENT_AMOUNT, &agreement("1"))
        };
        let once = BilledLine { role: LineRole::OneTime, ..amount.clone() };
        let found = agreements([&amount].into_iter());
        assert_eq!((found[0].amount, found[0].currency, found[0].lines.len()), (Some(Decimal::ONE_HUNDRED), gbp, 0));
        let found = agreements([&once].into_iter());
        assert_eq!((found[0].amount, found[0].lines.len()), (None, 1), "billed once: not each cycle");
    }
}
