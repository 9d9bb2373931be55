"""From a call and its answer to its records, and what an answer promises about them."""
