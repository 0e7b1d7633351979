//! SQLite and PostgreSQL stores behind the ports, with diesel.
