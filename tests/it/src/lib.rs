//! The integration tests: one binary, `tests/it`. No code of the product.
