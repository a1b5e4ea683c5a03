library(testthat)
library(snowflakeR)

test_check("snowflakeR")
