#' Compute pools and image repositories
#'
#' Modelyard runs services as processes of its own account: there are no pools to make and no
#' images to keep. These verbs are accepted so that scripts written for Snowflake run; they record
#' nothing, and say so once a session.
#'
#' @param conn A connection, from [sfr_connect()].
#' @param name,instance_family,min_nodes,max_nodes,auto_resume,auto_suspend_secs,comment,... Not
#'   used.
#' @returns `TRUE`, invisibly; the verbs that list or describe a data frame without rows.
#' @name platform
#' @examples
#' \dontrun{
#' sfr_create_compute_pool(conn, "ML_POOL", "CPU_X64_S")
#' }
NULL

nothing_to_manage <- function(conn, answer = TRUE, call = caller_env()) {
  check_connection(conn, call)
  say_once("platform", c(
    i = "Compute pools and image repositories are not needed here: nothing was recorded."
  ))
  answer
}

no_rows <- function() data.frame(name = character(), state = character())

#' @rdname platform
#' @export
sfr_create_compute_pool <- function(conn, name, instance_family, min_nodes = 1L, max_nodes = 1L,
                                    auto_resume = TRUE, auto_suspend_secs = 3600L,
                                    comment = NULL) {
  invisible(nothing_to_manage(conn))
}

#' @rdname platform
#' @export
sfr_list_compute_pools <- function(conn) nothing_to_manage(conn, no_rows())

#' @rdname platform
#' @export
sfr_describe_compute_pool <- function(conn, name) nothing_to_manage(conn, no_rows())

#' @rdname platform
#' @export
sfr_delete_compute_pool <- function(conn, name) invisible(nothing_to_manage(conn))

#' @rdname platform
#' @export
sfr_suspend_compute_pool <- function(conn, name) invisible(nothing_to_manage(conn))

#' @rdname platform
#' @export
sfr_resume_compute_pool <- function(conn, name) invisible(nothing_to_manage(conn))

#' @rdname platform
#' @export
sfr_create_image_repo <- function(conn, name, ...) invisible(nothing_to_manage(conn))

#' @rdname platform
#' @export
sfr_list_image_repos <- function(conn, ...) nothing_to_manage(conn, no_rows())

#' @rdname platform
#' @export
sfr_describe_image_repo <- function(conn, name) nothing_to_manage(conn, no_rows())

#' @rdname platform
#' @export
sfr_delete_image_repo <- function(conn, name) invisible(nothing_to_manage(conn))
