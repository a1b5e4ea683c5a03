"""The zoo: models of every class, each asked every case on every path, against plain R."""
