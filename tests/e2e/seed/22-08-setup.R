library(snowflakeR)
conn <- sfr_connect()
conn <- sfr_load_notebook_config(conn)

reg <- sfr_model_registry(conn, database = "ML_DB", schema = "MODELS")
