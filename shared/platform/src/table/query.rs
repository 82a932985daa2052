//! Rows of one partition in the order of their sort keys: all with a prefix, or the last. Deliberately absent: filter
//! expressions, which cost as much as reading everything.

use super::{Row, Table, TableError, row};
use crate::PortErrorKind;

/// The most rows that one query returns.
pub const QUERY_ROWS_MAX: usize = 500_000;

impl Table {
    /// Every row of the partition whose sort key begins with the prefix (an empty one: every row), ascending by the
    /// sort key's bytes, all pages.
    ///
    /// # Errors
    /// [`TableError`] if they could not all be read, or are more than [`QUERY_ROWS_MAX`].
    pub async fn query(&self, pk: &str, sk_prefix: &str) -> Result<Vec<Row>, TableError> {
        let at = self.at("listing", pk, sk_prefix);
        let mut request = self
            .client(&at)
            .await?
            .query()
            .table_name(&*self.name)
            .consistent_read(true)
            .expression_attribute_values(":pk", row::text(pk));
        request = if sk_prefix.is_empty() {
            request.key_condition_expression("pk = :pk")
        } else {
            request
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", row::text(sk_prefix))
        };
        let mut rows = Vec::new();
        let mut from = None;
        loop {
            let page = request.clone().set_exclusive_start_key(from).send().await;
            let page = page.map_err(|error| self.failed(&at, error))?;
            for item in page.items.unwrap_or_default() {
                rows.push(Row::from_item(item).map_err(|cause| at.error(cause))?);
            }
            if rows.len() > QUERY_ROWS_MAX {
                return Err(at.error(PortErrorKind::TooMuch(format!("{QUERY_ROWS_MAX} rows in one listing").into())));
            }
            from = page.last_evaluated_key.filter(|key| !key.is_empty());
            if from.is_none() {
                return Ok(rows);
            }
        }
    }

    /// The row of the partition with the greatest sort key that begins with the prefix and is not greater than
    /// `not_after` (a whole sort key, or the beginning of one with `~` behind it to include all that begin so).
    ///
    /// # Errors
    /// [`TableError`] if it could not be read.
    pub async fn last(&self, pk: &str, sk_prefix: &str, not_after: Option<&str>) -> Result<Option<Row>, TableError> {
        let at = self.at("reading the last of", pk, sk_prefix);
        // Everything between the prefix and this begins with the prefix.
        let mut upper = format!("{sk_prefix}\u{10FFFF}");
        if let Some(not_after) = not_after {
            if not_after < sk_prefix || not_after.is_empty() {
                return Ok(None);
            }
            upper = upper.min(not_after.to_owned());
        }
        let mut request = self
            .client(&at)
            .await?
            .query()
            .table_name(&*self.name)
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(1)
            .expression_attribute_values(":pk", row::text(pk))
            .expression_attribute_values(":upper", row::text(&upper));
        request = if sk_prefix.is_empty() {
            request.key_condition_expression("pk = :pk AND sk <= :upper")
        } else {
            request
                .key_condition_expression("pk = :pk AND sk BETWEEN :prefix AND :upper")
                .expression_attribute_values(":prefix", row::text(sk_prefix))
        };
        let page = request.send().await.map_err(|error| self.failed(&at, error))?;
        let item = page.items.unwrap_or_default().into_iter().next();
        item.map(Row::from_item).transpose().map_err(|cause| at.error(cause))
    }
}
