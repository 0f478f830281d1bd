// The version of all programs of this project, as `--version` says it.

export const VERSION = "0.1.0";
