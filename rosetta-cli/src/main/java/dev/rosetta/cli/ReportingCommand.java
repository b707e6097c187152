package dev.rosetta.cli;

import dev.rosetta.report.ErrorReport;

/** A command that writes report files, which must not keep an older report when it fails. */
interface ReportingCommand {
  void report(ErrorReport error);
}
