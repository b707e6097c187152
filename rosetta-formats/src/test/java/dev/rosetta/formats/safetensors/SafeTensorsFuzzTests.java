package dev.rosetta.formats.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.code_intelligence.jazzer.mutation.annotation.WithLength;
import dev.rosetta.formats.Reading;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever SafeTensors files and the JSON beside them hold, they are read or refused. */
class SafeTensorsFuzzTests {
  private static final String TWO =
      """
      {"__metadata__":{"format":"pt"},
       "model.embed_tokens.weight":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]},
       "model.norm.weight":{"dtype":"BF16","shape":[4],"data_offsets":[32,40]}}\
      """;
  private static final String OTHER =
      "{\"model.layers.0.self_attn.q_proj.weight\":"
          + "{\"dtype\":\"F16\",\"shape\":[4,4],\"data_offsets\":[0,32]}}";
  private static final String INDEX =
      "{\"metadata\":{\"total_size\":72},\"weight_map\":{"
          + "\"model.embed_tokens.weight\":\"a.safetensors\","
          + "\"model.norm.weight\":\"a.safetensors\","
          + "\"model.layers.0.self_attn.q_proj.weight\":\"b.safetensors\"}}";
  private static final String CONFIG =
      """
      {"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":4,
       "num_hidden_layers":1,"num_attention_heads":2,"num_key_value_heads":1,"head_dim":2,
       "intermediate_size":8,"vocab_size":2,"rms_norm_eps":1e-5,"rope_theta":10000.0,
       "rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,
         "high_freq_factor":4.0,"original_max_position_embeddings":8192},
       "tie_word_embeddings":true,"torch_dtype":"bfloat16"}\
      """;
  private static final String TRACE =
      """
      {"tokens":{"dtype":"I32","shape":[2],"data_offsets":[0,8]},
       "embedding":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},
       "layers.0.q":{"dtype":"F16","shape":[1,2,2],"data_offsets":[32,40]}}\
      """;

  @TempDir static Path folder;

  static Stream<Arguments> files() {
    return Stream.of(
        Arguments.of((Object) FileBytes.of(TWO, new byte[40])),
        Arguments.of((Object) FileBytes.of(OTHER, new byte[32])),
        Arguments.of((Object) FileBytes.of(TRACE, new byte[40])),
        Arguments.of((Object) FileBytes.of("{}", new byte[0])));
  }

  @MethodSource("files")
  @FuzzTest
  void anyFile(byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] bytes) {
    Path file = Reading.write(folder.resolve("any.safetensors"), bytes);
    Reading.model(file);
    Reading.trace(file);
  }

  static Stream<Arguments> directories() {
    return Stream.of(
        Arguments.of(
            INDEX.getBytes(UTF_8),
            FileBytes.of(TWO, new byte[40]),
            FileBytes.of(OTHER, new byte[32]),
            CONFIG.getBytes(UTF_8)));
  }

  @MethodSource("directories")
  @FuzzTest
  void anyDirectory(
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] index,
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] a,
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] b,
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] config)
      throws IOException {
    Path directory = Files.createDirectories(folder.resolve("directory"));
    Reading.write(directory.resolve("model.safetensors.index.json"), index);
    Reading.write(directory.resolve("a.safetensors"), a);
    Reading.write(directory.resolve("b.safetensors"), b);
    Reading.write(directory.resolve("config.json"), config);
    Reading.model(directory);
  }
}
