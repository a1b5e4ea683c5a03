test_that("every verb of modelyard is here, and is the same function", {
  expect_setequal(getNamespaceExports("snowflakeR"), getNamespaceExports("modelyard"))
  for (name in getNamespaceExports("modelyard")) {
    expect_identical(
      getExportedValue("snowflakeR", name), getExportedValue("modelyard", name),
      label = name
    )
  }
})
