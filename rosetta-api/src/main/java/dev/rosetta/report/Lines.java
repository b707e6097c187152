package dev.rosetta.report;

import dev.rosetta.model.SafeText;
import dev.rosetta.report.Palette.Tone;

/**
 * The lines of a text report under construction. The one place through which text reaches a
 * terminal: it escapes, cuts, wraps, prefixes and colours.
 */
final class Lines {
  private static final int LONGEST = 4000;
  private static final String CONTINUATION = "    ";

  private final StringBuilder text = new StringBuilder();
  private final String prefix;
  private final Palette palette;
  private final int width;

  /**
   * @param prefix in front of every line
   * @param width columns of the terminal; 0 for lines that are never broken
   */
  Lines(String prefix, Palette palette, int width) {
    this.prefix = prefix;
    this.palette = palette;
    this.width = width;
  }

  /** Whether a line is left whole. */
  boolean fits(String line) {
    return width == 0 || prefix.length() + length(SafeText.escape(line, LONGEST)) <= width;
  }

  void add(String line) {
    add(Tone.NORMAL, line);
  }

  /** A line that is neither cut nor broken, for values that a program reads. */
  void addWhole(String line) {
    emit(Tone.NORMAL, SafeText.escape(line));
  }

  void add(Tone tone, String line) {
    String rest = SafeText.escape(line, LONGEST);
    int room = width - prefix.length();
    String indent = "";
    while (width > 0 && indent.length() + length(rest) > room) {
      int cut = lastBreak(rest, room - indent.length());
      if (cut < 0) {
        break;
      }
      emit(tone, indent + rest.substring(0, cut));
      rest = rest.substring(cut + 1);
      indent = CONTINUATION;
    }
    emit(tone, indent + rest);
  }

  /** The last blank that leaves at most {@code room} characters before it, else the first blank. */
  private static int lastBreak(String line, int room) {
    int leading = 0;
    while (leading < line.length() && line.charAt(leading) == ' ') {
      leading++;
    }
    int cut = line.lastIndexOf(' ', Math.max(room, 0));
    return cut > leading ? cut : line.indexOf(' ', leading);
  }

  private static int length(String line) {
    return line.codePointCount(0, line.length());
  }

  private void emit(Tone tone, String line) {
    text.append(prefix).append(palette.paint(tone, line)).append('\n');
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
