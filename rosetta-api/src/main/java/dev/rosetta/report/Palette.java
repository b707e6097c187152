package dev.rosetta.report;

/** Whether text carries ANSI colours. */
public enum Palette {
  /** No escape sequence at all. */
  PLAIN,
  /** SGR colours as every terminal since the VT100's successors knows them. */
  ANSI;

  /** What a line says, which decides its colour. */
  enum Tone {
    NORMAL(""),
    HEADING("1"),
    GOOD("32"),
    BAD("1;31"),
    WARNING("33");

    private final String sgr;

    Tone(String sgr) {
      this.sgr = sgr;
    }
  }

  /** {@code text} in the colour of {@code tone}; in a normal line the marks alone are coloured. */
  String paint(Tone tone, String text) {
    if (this == PLAIN) {
      return text;
    }
    if (tone == Tone.NORMAL) {
      return text.replace("✓", sgr(Tone.GOOD, "✓")).replace("✗", sgr(Tone.BAD, "✗"));
    }
    return sgr(tone, text);
  }

  private static String sgr(Tone tone, String text) {
    return "\u001b[" + tone.sgr + "m" + text + "\u001b[0m";
  }
}
