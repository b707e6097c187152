package dev.rosetta.formats.huggingface;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.code_intelligence.jazzer.mutation.annotation.WithLength;
import dev.rosetta.formats.Reading;
import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.json.JsonMetadata;
import dev.rosetta.model.ModelException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a tokenizer.json and the files beside it hold, they are read or refused. */
class TokenizerJsonFuzzTests {
  private static final String BYTE_LEVEL =
      """
      {"added_tokens":[{"id":4,"content":"<|im_end|>","special":true}],
       "normalizer":{"type":"NFC"},
       "pre_tokenizer":{"type":"Sequence","pretokenizers":[
         {"type":"Split","pattern":{"Regex":"\\\\p{N}"},"behavior":"Isolated","invert":false},
         {"type":"ByteLevel","add_prefix_space":false,"use_regex":true}]},
       "post_processor":{"type":"TemplateProcessing",
         "single":[{"SpecialToken":{"id":"<|im_end|>","type_id":0}}]},
       "decoder":{"type":"ByteLevel"},
       "model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"\u0120":3},"merges":["a b"]}}\
      """;
  private static final String SENTENCE_PIECE =
      """
      {"added_tokens":[{"id":0,"content":"<unk>","special":true}],
       "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"\u2581"}]},
       "pre_tokenizer":{"type":"Metaspace","prepend_scheme":"first"},
       "decoder":null,
       "model":{"type":"BPE","unk_token":"<unk>","byte_fallback":true,
         "vocab":{"<unk>":0,"<0x41>":1,"\u2581":2,"a":3,"\u2581a":4},"merges":[["\u2581","a"]]}}\
      """;
  private static final String CONFIG =
      """
      {"bos_token":{"content":"<unk>"},"eos_token":"<|im_end|>","add_bos_token":true,
       "pad_token":null,"chat_template":[{"name":"default","template":"{{x}}"}]}\
      """;

  @TempDir static Path folder;

  static Stream<Arguments> tokenizers() {
    return Stream.of(
        Arguments.of(
            BYTE_LEVEL.getBytes(UTF_8),
            CONFIG.getBytes(UTF_8),
            "{\"eos_token_id\":[2]}".getBytes(UTF_8)),
        Arguments.of(
            SENTENCE_PIECE.getBytes(UTF_8),
            "{}".getBytes(UTF_8),
            "{\"bos_token_id\":0}".getBytes(UTF_8)));
  }

  @MethodSource("tokenizers")
  @FuzzTest
  void anyTokenizer(
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] tokenizer,
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] tokenizerConfig,
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] config) {
    Path file = Reading.write(folder.resolve("tokenizer.json"), tokenizer);
    Reading.write(folder.resolve("tokenizer_config.json"), tokenizerConfig);
    try {
      JsonMetadata modelConfig = new JsonMetadata(BoundedJson.parseObject(config, file, 0));
      HuggingFaceTokenizer.read(new ModelDirectory(folder), modelConfig)
          .ifPresent(vocabulary -> Reading.use(vocabulary, file));
    } catch (ModelException e) {
      Reading.assertPrintable(e.getMessage());
    }
  }
}
