package dev.rosetta.formats.huggingface;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The chat template of a folder, where transformers looks for it: {@code chat_template.jinja}, then
 * {@code chat_template.json}, then {@code tokenizer_config.json}.
 */
final class ChatTemplate {
  private static final String JINJA_FILE = "chat_template.jinja";
  private static final String JSON_FILE = "chat_template.json";
  private static final String KEY = "chat_template";
  private static final int MAX_BYTES = 4 << 20;

  private ChatTemplate() {}

  /**
   * The template's source, or null if there is none.
   *
   * @param config the content of {@code tokenizer_config.json}
   * @throws ModelException if a file cannot be read, is too large or malformed
   */
  static @Nullable String read(ModelDirectory directory, JsonObject config) {
    if (directory.has(JINJA_FILE)) {
      Path file = directory.named(JINJA_FILE, config.file());
      return decode(ModelDirectory.readAll(file, MAX_BYTES), file);
    }
    Optional<String> alone =
        directory
            .object(JSON_FILE, MAX_BYTES)
            .map(values -> new JsonObject(directory.path().resolve(JSON_FILE), "", values))
            .flatMap(json -> Optional.ofNullable(stated(json)));
    return alone.orElseGet(() -> stated(config));
  }

  /** One template, or the default of several that are named. */
  private static @Nullable String stated(JsonObject config) {
    if (!(config.get(KEY) instanceof List)) {
      return config.string(KEY).orElse(null);
    }
    Map<String, String> byName = new HashMap<>();
    for (JsonObject template : config.objects(KEY)) {
      byName.put(template.string("name").orElse(""), template.string("template").orElse(""));
    }
    return byName.get("default");
  }

  private static String decode(byte[] bytes, Path file) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new ModelException(ErrorCode.MALFORMED, file, -1, "is not UTF-8 text", e);
    }
  }
}
