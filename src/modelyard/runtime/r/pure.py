"""Functions a formula may call without counting as code: they compute, and do nothing else."""

from __future__ import annotations

_ARITHMETIC = (
    "+ - * / ^ %% %/% %*% %in% %o% : ( [ [[ $ @ == != < > <= >= ! & && | || ~ - = <- "
    "abs sqrt exp expm1 log log2 log10 log1p logb sin cos tan asin acos atan atan2 sinh cosh tanh "
    "asinh acosh atanh sinpi cospi tanpi gamma lgamma digamma trigamma beta lbeta choose factorial "
    "floor ceiling round signif trunc sign min max pmin pmax sum prod mean median range var sd "
    "cumsum cumprod cummax cummin diff rev sort order rank rowSums colSums rowMeans colMeans "
    "quantile is.na is.nan is.finite xor any all"
)
_VALUES = (
    "c list data.frame cbind rbind rep rep_len seq seq_len seq_along length nrow ncol dim names "
    "matrix array vector as.numeric as.double as.integer as.character as.logical as.factor "
    "as.ordered as.vector as.matrix as.data.frame as.Date as.POSIXct numeric integer character "
    "logical window ts na.interp na.omit subset transform factor ordered levels droplevels "
    "relevel cut interaction findInterval ifelse nchar  substr substring toupper tolower trimws "
    "paste paste0 sprintf format months weekdays quarters  difftime I identity structure "
    "unclass complex Re Im Mod Arg outer crossprod t diag table  expand.grid is.numeric "
    "is.factor is.character which head tail unlist stack"
)
_MODEL_TERMS = (
    "poly polym ns bs mSpline bSpline iSpline cSpline naturalSpline offset scale center lag "
    "makepredictcall Surv strata cluster frailty frailty.gaussian frailty.gamma pspline ridge tt "
    "rcs rcspline.eval pol lsp catg scored strat asis gTrans Hmisc.rcspline s te ti t2 lo random "
    "lf af fpc re pb pbm cs cy nn tp ps pvc by weights subset contrasts contr.treatment contr.sum "
    "contr.poly contr.helmert contr.SAS C Error nominal scale_ Hist mvbind dv trials resp_ cens "
    "fourier trend season SSlogis SSasymp SSasympOff SSasympOrig SSbiexp SSfol SSfpl SSgompertz "
    "SSmicmen SSweibull plogis qlogis pnorm qnorm dnorm plnorm punif pexp dexp dbinom dpois "
    "corAR1 corARMA corCAR1 corCompSymm corExp corGaus corLin corRatio corSpher corSymm pdDiag "
    "pdSymm pdIdent pdLogChol pdCompSymm pdBlocked varFixed varIdent varPower varExp varConstPower "
    "varComb reStruct diag homdiag us cs ar1 ou exp_ mat gau toep rr propto smooth nlme.control "
    "bols bbs bmono btree brandom bspatial brad %X% %+% %O%"
)
_SETTINGS = (
    "binomial poisson gaussian Gamma inverse.gaussian quasi quasibinomial quasipoisson family "
    "negative.binomial nb tw Tweedie betar scat ocat ziP nbinom1 nbinom2 beta_family "
    "rpart.control ctree_control nls.control glm.control lmControl lmeControl glmerControl "
    "lmerControl gam.control loess.control svm.control coxph.control survreg.control "
    "trainControl control twoClassSummary list2DF gls.control clm.control "
    "partial.control mob_control nnet.control rq.control"
)
PURE = frozenset(f"{_ARITHMETIC} {_VALUES} {_MODEL_TERMS} {_SETTINGS}".split())
"""Names as they stand at the head of a call. A model's author can define another function of such
a name, which then is a function in its file, and counted as one."""

_PACKAGES = (
    "base stats splines splines2 survival mgcv nlme lme4 MASS gam rms Hmisc ordinal glmmTMB "
    "mboost gamlss forecast quantreg VGAM brms"
)
PACKAGES = frozenset(_PACKAGES.split())
"""Where ``pkg::name`` is taken for the function of that name."""

_CALLS = "call Call orig.call matched.call fcall cl mcall mc scall funcCall kcall m"
CALLS = frozenset(_CALLS.split())
"""Parts that keep the call which fitted the model: its own head, the fitting function, is not
called again by predict()."""

_NEVER_FITS = (
    "system system2 shell eval evalq eval.parent source sys.source parse do.call Recall match.fun "
    "library require loadNamespace requireNamespace attach load readRDS unserialize file url pipe "
    "unlink file.remove writeLines writeBin cat save saveRDS download.file socketConnection "
    "Sys.setenv setwd options quit q stop Reduce Filter Map lapply sapply vapply mapply function "
    "{ if for while repeat <<- assign get get0 mget local with within delayedAssign "
    "makeActiveBinding dyn.load .Call .External .C .Fortran .Internal .Primitive as.function "
    "environment on.exit tryCatch try"
)
NEVER_FITS = frozenset(_NEVER_FITS.split())
"""Functions of R itself that fit no model; at the head of such a call they are named."""

RESTORED = frozenset(
    {
        "data.table",
        "glmmTMB",
        "glmerMod",
        "lgb.Booster",
        "lmerMod",
        "lmerModLmerTest",
        "nlmerMod",
        "xgb.Booster",
    }
)
"""Classes whose packages make the external pointers they hold anew from what they keep beside."""
