//! The traits through which Recado meets databases, mail servers and clocks.
