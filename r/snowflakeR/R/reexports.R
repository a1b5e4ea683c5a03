#' The verbs of modelyard
#'
#' Each of these is modelyard's function of the same name; its help is there, such as
#' [modelyard::sfr_log_model()].
#'
#' @name verbs
#' @keywords internal
#' @aliases
#'   rcat rglimpse rprint rview sfr_benchmark_inference sfr_benchmark_rest sfr_check_environment
#'   sfr_check_features sfr_connect sfr_create_compute_pool sfr_create_image_repo sfr_create_pat
#'   sfr_delete_compute_pool sfr_delete_image_repo sfr_delete_model sfr_delete_model_metric
#'   sfr_delete_model_version sfr_deploy_model sfr_describe_compute_pool sfr_describe_image_repo
#'   sfr_disconnect sfr_execute sfr_export_model sfr_fqn sfr_get_model sfr_get_model_metric
#'   sfr_get_model_task sfr_get_model_version sfr_get_service_logs sfr_get_service_status
#'   sfr_has_connection sfr_import_model sfr_input_cols sfr_list_compute_pools sfr_list_fields
#'   sfr_list_image_repos sfr_list_services sfr_list_tables sfr_load_notebook_config
#'   sfr_log_model sfr_ml_version sfr_model_description sfr_model_environment sfr_model_info
#'   sfr_model_registry sfr_models sfr_output_cols sfr_pat sfr_predict sfr_predict_body
#'   sfr_predict_local sfr_predict_rest sfr_provision_environment sfr_query sfr_read_table
#'   sfr_refresh sfr_resume_compute_pool sfr_revoke_pat sfr_rotate_pat sfr_service_endpoint
#'   sfr_set_default_model_version sfr_set_model_alias sfr_set_model_metric
#'   sfr_show_model_aliases sfr_show_model_functions sfr_show_model_metrics
#'   sfr_show_model_versions sfr_show_models sfr_show_pats sfr_show_services
#'   sfr_snowflake_version sfr_status sfr_suspend_compute_pool sfr_table_exists
#'   sfr_undeploy_model sfr_unset_model_alias sfr_use sfr_wait_for_service sfr_write_table
#' @rawNamespace import(modelyard)
#' @rawNamespace export(
#'   rcat, rglimpse, rprint, rview, sfr_benchmark_inference, sfr_benchmark_rest,
#'   sfr_check_environment, sfr_check_features, sfr_connect, sfr_create_compute_pool,
#'   sfr_create_image_repo, sfr_create_pat, sfr_delete_compute_pool, sfr_delete_image_repo,
#'   sfr_delete_model, sfr_delete_model_metric, sfr_delete_model_version, sfr_deploy_model,
#'   sfr_describe_compute_pool, sfr_describe_image_repo, sfr_disconnect, sfr_execute,
#'   sfr_export_model, sfr_fqn, sfr_get_model, sfr_get_model_metric, sfr_get_model_task,
#'   sfr_get_model_version, sfr_get_service_logs, sfr_get_service_status, sfr_has_connection,
#'   sfr_import_model, sfr_input_cols, sfr_list_compute_pools, sfr_list_fields,
#'   sfr_list_image_repos, sfr_list_services, sfr_list_tables, sfr_load_notebook_config,
#'   sfr_log_model, sfr_ml_version, sfr_model_description, sfr_model_environment, sfr_model_info,
#'   sfr_model_registry, sfr_models, sfr_output_cols, sfr_pat, sfr_predict, sfr_predict_body,
#'   sfr_predict_local, sfr_predict_rest, sfr_provision_environment, sfr_query, sfr_read_table,
#'   sfr_refresh, sfr_resume_compute_pool, sfr_revoke_pat, sfr_rotate_pat, sfr_service_endpoint,
#'   sfr_set_default_model_version, sfr_set_model_alias, sfr_set_model_metric,
#'   sfr_show_model_aliases, sfr_show_model_functions, sfr_show_model_metrics,
#'   sfr_show_model_versions, sfr_show_models, sfr_show_pats, sfr_show_services,
#'   sfr_snowflake_version, sfr_status, sfr_suspend_compute_pool, sfr_table_exists,
#'   sfr_undeploy_model, sfr_unset_model_alias, sfr_use, sfr_wait_for_service, sfr_write_table
#'   )
NULL
