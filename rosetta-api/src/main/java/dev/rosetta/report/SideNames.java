package dev.rosetta.report;

import dev.rosetta.ComparisonReport;
import dev.rosetta.Side;

/** What the text report calls the two sides: their formats where these differ, else A and B. */
record SideNames(String a, String b) {

  static SideNames of(ComparisonReport report) {
    String a = report.a().format();
    String b = report.b().format();
    return a.equals(b) ? new SideNames("A", "B") : new SideNames(a, b);
  }

  String of(Side side) {
    return side == Side.A ? a : b;
  }
}
