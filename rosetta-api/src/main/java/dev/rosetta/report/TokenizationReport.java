package dev.rosetta.report;

import dev.rosetta.Tokenization;
import java.util.List;
import java.util.Locale;

/** Token ids and pieces, as text and as JSON. */
public final class TokenizationReport {
  /** Version of the JSON form. */
  public static final String SCHEMA = "rosetta-tokens/1";

  private TokenizationReport() {}

  /** The ids in one line, then one line for each id with its piece. */
  public static String text(Tokenization tokens) {
    Lines lines = new Lines("", Palette.PLAIN, 0);
    List<Integer> ids = tokens.ids();
    StringBuilder all = new StringBuilder();
    ids.forEach(id -> all.append(all.isEmpty() ? "" : ",").append(id));
    lines.addWhole(all.toString());
    for (int i = 0; i < ids.size(); i++) {
      lines.add(String.format(Locale.ROOT, "%8d  %s", ids.get(i), tokens.pieces().get(i)));
    }
    return lines.toString();
  }

  /** The JSON document, with a line end. */
  public static String json(Tokenization tokens) {
    return Json.document(
        json -> {
          json.writeStartObject();
          json.writeStringProperty("schema", SCHEMA);
          Json.array(json, "ids", tokens.ids());
          Json.array(json, "pieces", tokens.pieces());
          json.writeEndObject();
        });
  }
}
