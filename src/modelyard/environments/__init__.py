"""Libraries of R packages made for one environment, from repositories the operator named."""
