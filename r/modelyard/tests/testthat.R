library(testthat)
library(modelyard)

test_check("modelyard")
