//! What the small worlds of the fixtures and drawn ones come to. One binary, which is built and linked once.

mod cases;
mod drawn_from;
mod drawn_worlds;
mod each_line_of_the_rules;
mod records;
