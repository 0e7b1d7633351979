//! Templates with ${KEY} compiled to tera.
