//! What comes out of a run: files, mails, the page, notices. One binary, which is built and linked once.

mod attacks;
mod builder;
mod client_sheets;
mod explain;
mod groups;
mod history;
mod invented;
mod months;
mod notices;
mod records;
mod report_page;
mod shape;
mod summary;
mod tenants;
