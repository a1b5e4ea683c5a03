# What is to be known of a model, a generic each, dispatched on its class: S3 or S4, never tried
# and caught. The defaults read what most of R's models have: terms, a call, a model frame and
# xlevels. A family of classes has its own methods in model-<family>.R; the packages of a class
# are the one thing to say for a class whose predict() is not in stats.
#
#   score(model, rows, args)         its answer for rows, as predict() gives it
#   predictors(model, args)          names of the raw columns predict() reads
#   training_frame(model, args)      those columns as it was trained on them; without rows where
#                                    only their types are known, NULL where not even those
#   known_levels(model, args)        what it knows of its categorical columns, see category()
#   kept_levels(model)               the levels by variable that it keeps itself, whatever became of
#                                    its data
#   tells_levels(model)              FALSE where a changed level of its data would go unnoticed
#   required_pkgs(model)             packages to attach before it can predict
#   model_task(model)                regression, binary, multiclass, forecast, survival, cluster,
#                                    transform, or "" when its class does not tell
#   predict_types(model)             the words for `type` that its predict() takes, or NULL
#   takes_parts(model)               whether its predict() takes a part of such a word for it
#   refusal(model)                   why no model of its class can be asked about rows, or NULL
#   rowwise(model, args)             FALSE where an answer depends on the other rows of a request
#
# `args` are the author's further arguments of predict(), which may change the answer: a level of
# grouping, a type that needs the response.

score <- function(model, rows, args = list()) UseMethod("score")
predictors <- function(model, args = list()) UseMethod("predictors")
training_frame <- function(model, args = list()) UseMethod("training_frame")
known_levels <- function(model, args = list()) UseMethod("known_levels")
kept_levels <- function(model) UseMethod("kept_levels")
tells_levels <- function(model) UseMethod("tells_levels")
required_pkgs <- function(model) UseMethod("required_pkgs")
model_task <- function(model) UseMethod("model_task")
predict_types <- function(model) UseMethod("predict_types")
takes_parts <- function(model) UseMethod("takes_parts")
refusal <- function(model) UseMethod("refusal")
rowwise <- function(model, args = list()) UseMethod("rowwise")

score.default <- function(model, rows, args = list()) {
  answer <- clean_call(quote(predict), list(newdata = quote(rows)), args, model, rows)
  # multinom and polr drop the matrix of one row to a vector named by class.
  dropped <- is.atomic(answer) && length(answer) > 1 && nrow(rows) == 1 && is.null(dim(answer))
  if (dropped && !is.null(names(answer))) t(answer) else answer
}

predictors.default <- function(model, args = list()) {
  columns_of_code(c(predict_code(model_terms(model)), model_call(model)[["offset"]]), model)
}

training_frame.default <- function(model, args = list()) {
  raw_rows(predictors(model, args), model_frame(model), model)
}

known_levels.default <- function(model, args = list()) {
  found <- categories(training_frame(model, args))
  kept <- kept_categories(kept_levels(model), model_terms(model))
  # Of factor(x) there are levels, too, but that is no column.
  columns <- predictors(model, args)
  if (length(columns) > 0) kept <- kept[names(kept) %in% columns]
  found[names(kept)] <- kept
  found
}

kept_levels.default <- function(model) Filter(is.character, as.list(part(model, "xlevels")))
tells_levels.default <- function(model) TRUE

required_pkgs.default <- function(model) {
  # The class of an S4 object names its package.
  own <- if (isS4(model)) setdiff(attr(class(model), "package"), ".GlobalEnv")
  unique(c(own, formula_packages(model_terms(model))))
}

model_task.default <- function(model) ""

predict_types.default <- function(model) words_of_argument(model, "type")

refusal.default <- function(model) NULL

# Arguments in full: R takes parts of their names, and of the words for `type`.
full_words <- function(model, args) {
  found <- pmatch(names(args), predict_arguments(model))
  names(args)[!is.na(found)] <- predict_arguments(model)[found[!is.na(found)]]
  type <- args[["type"]]
  if (is.character(type) && length(type) == 1) {
    full <- word_meant(model, type, predict_types(model))
    if (!is.na(full)) args[["type"]] <- full
  }
  args
}

# A predict() that lists its words in its arguments matches parts of them, by match.arg().
takes_parts.default <- function(model) !is.null(words_of_argument(model, "type"))

# The one of the words for `type` that R takes a word for, or NA.
word_meant <- function(model, word, known) {
  if (is.null(known)) {
    return(NA)
  }
  at <- if (takes_parts(model)) pmatch(word, known) else match(word, known)
  if (length(at) == 1) known[at] else NA
}

# The arguments of the class's predict() that R takes parts of the names of, without the model and
# the rows.
predict_arguments <- function(model) {
  methods <- Filter(Negate(is.null), lapply(all_classes(model), predict_method))
  found <- if (length(methods) > 0) names(formals(methods[[1]]))[-1]
  found <- found[cumsum(found == "...") == 0]
  setdiff(as.character(found), "newdata")
}

# An S4 object's with those its class is built on.
all_classes <- function(model) if (isS4(model)) methods::is(model) else class(model)

# The words that predict() of the model's class offers for an argument, c("one", "other"), or NULL.
words_of_argument <- function(model, name) {
  for (class in all_classes(model)) {
    method <- predict_method(class)
    if (is.null(method)) next
    # An argument without a default has none to be named.
    if (!is.call(formals(method)[[name]])) {
      return(NULL)
    }
    words <- formals(method)[[name]]
    plain <- identical(words[[1]], quote(c)) && all(vapply(as.list(words)[-1], is.character, NA))
    return(if (plain) as.character(words)[-1])
  }
  NULL
}

# The predict() of a class that a package or code_paths has, or NULL. utils::getS3method() would
# find a session's, too, and reads the package tools: that takes longer than loading a model.
predict_method <- function(class) {
  registered <- asNamespace("stats")[[".__S3MethodsTable__."]]
  get0(paste0("predict.", class), registered, mode = "function", inherits = FALSE)
}

rowwise.default <- function(model, args = list()) TRUE

# Refuse a `type`, or another word, that the class's predict() does not have; R matches parts of
# words.
check_words <- function(model, args) {
  for (name in names(args)) {
    word <- args[[name]]
    if (!is.character(word) || length(word) != 1) next
    is_type <- name == "type"
    known <- if (is_type) predict_types(model) else words_of_argument(model, name)
    meant <- if (is_type) word_meant(model, word, known) else known[pmatch(word, known)]
    if (!is.null(known) && is.na(meant)) {
      fault("invalid_value", paste0(
        "predict() of a model of class ", class(model)[1], " has no ", name, " '", word,
        "'. It has: ", paste(known, collapse = ", "), "."
      ))
    }
  }
}

# Refuse at once what no predict() of R, and no method of ours, knows how to ask.
check_predictable <- function(model, args) {
  check_words(model, args)
  why <- refusal(model)
  if (!is.null(why)) fault("model_rejected", why)
  found <- vapply(all_classes(model), function(class) {
    !is.null(predict_method(class)) ||
      exists(paste0("score.", class), mode = "function") ||
      (isS4(model) && methods::existsMethod("predict", class))
  }, NA)
  if (!any(found)) {
    fault("model_rejected", paste0(
      "R has no predict() for an object of class ", paste(class(model), collapse = ", "),
      ". Name the package that has it in predict_pkgs, or give a predict_body, a function of the ",
      "model and its input. One of your session is a predict_body, or a file of code_paths."
    ))
  }
}

# One categorical column: `type` is factor, or string where the model was trained on text. Without
# levels any text is the model's own matter, and no contract restricts it.
category <- function(levels, type = "factor", ordered = FALSE) {
  list(type = type, levels = if (!is.null(levels)) enc2utf8(levels), ordered = ordered)
}

# The categories of a list of columns, such as a data frame: its factors.
categories <- function(columns) {
  factors <- Filter(is.factor, as.list(columns))
  lapply(factors, function(x) category(levels(x), "factor", is.ordered(x)))
}

# Levels that a model keeps by column, each a category of what the terms say it was trained on.
kept_categories <- function(kept, terms) {
  classes <- attr(terms, "dataClasses")
  lapply(stats::setNames(names(kept), names(kept)), function(name) {
    trained <- if (name %in% names(classes)) classes[[name]] else "factor"
    type <- if (trained == "character") "string" else "factor"
    category(kept[[name]], type, trained == "ordered")
  })
}

# Raw training rows of a model, at most `n` of them spread evenly: none where only the columns are
# known, NULL where nothing is.
sample_frame <- function(model, n = 32L, args = list()) {
  frame <- training_frame(model, args)
  if (is.null(frame) || NCOL(frame) == 0) {
    return(NULL)
  }
  # Whole ones where there are any: some models were fitted on others and answer only for these.
  whole <- which(!lacks_values(frame))
  if (length(whole) == 0) whole <- seq_len(nrow(frame))
  picked <- unique(round(seq(1, length(whole), length.out = min(n, length(whole)))))
  frame <- as.data.frame(frame)[whole[picked], , drop = FALSE]
  attr(frame, "terms") <- NULL
  row.names(frame) <- NULL
  frame
}

# Which rows lack a value. stats::complete.cases() takes no times of the class POSIXlt.
lacks_values <- function(frame) {
  lacks <- logical(nrow(frame))
  for (column in as.list(frame)) {
    missing <- is.na(column)
    lacks <- lacks | (if (is.matrix(missing)) rowSums(missing) > 0 else missing)
  }
  lacks
}

# A data frame of columns of one length, whatever their names.
frame_of <- function(columns) {
  n <- length(columns[[1]])
  structure(columns, class = "data.frame", row.names = .set_row_names(n))
}
