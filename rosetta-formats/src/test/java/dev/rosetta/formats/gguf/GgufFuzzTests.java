package dev.rosetta.formats.gguf;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.code_intelligence.jazzer.mutation.annotation.WithLength;
import com.code_intelligence.jazzer.mutation.annotation.WithUtf8Length;
import dev.rosetta.formats.Reading;
import dev.rosetta.formats.convert.ElementMix;
import dev.rosetta.formats.convert.FileFormat;
import dev.rosetta.formats.convert.ModelFiles;
import dev.rosetta.formats.synth.ModelShape;
import dev.rosetta.formats.synth.SyntheticModel;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a GGUF file holds, it is read or refused. */
class GgufFuzzTests {
  @TempDir static Path folder;

  static Stream<Arguments> files() throws IOException {
    List<byte[]> seeds = new ArrayList<>();
    for (String architecture : List.of("llama", "qwen2", "qwen3")) {
      Path file = Files.createTempFile("seed", ".gguf");
      ModelShape shape =
          ModelShape.tiny(architecture)
              .with("hidden=8,layers=1,heads=2,kv=1,head_dim=4,ffn=8,vocab=264");
      ModelFiles.write(file, FileFormat.GGUF, SyntheticModel.of(shape, ElementMix.F16, 1));
      seeds.add(Files.readAllBytes(file));
      Files.delete(file);
    }
    for (int version : new int[] {1, 2, 3}) {
      for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
        seeds.add(everyType(version, order).toByteArray());
      }
    }
    return seeds.stream().map(Arguments::of);
  }

  private static RawGguf everyType(int version, ByteOrder order) {
    RawGguf file = new RawGguf(version, order, 2, 15);
    file.key("general.alignment", 4).u32(32);
    file.key("general.architecture", 8).string("llama");
    file.key("u8", 0).u8(1).key("i8", 1).u8(1).key("u16", 2).u16(1).key("i16", 3).u16(1);
    file.key("u32", 4).u32(1).key("i32", 5).u32(1).key("f32", 6).u32(1).key("bool", 7).u8(1);
    file.key("u64", 10).u64(1).key("i64", 11).u64(1).key("f64", 12).u64(1);
    file.key("nested", 9).u32(9).count(1).u32(4).count(2).u32(1).u32(2);
    file.key("tokenizer.ggml.tokens", 9).u32(8).count(2).string("a").string("b");
    file.tensor("token_embd.weight", 8, 0, 32, 2).tensor("t", 0, 96, 4);
    return file.pad(32).bytes(new byte[68 + 28 + 16]);
  }

  @MethodSource("files")
  @FuzzTest
  void anyFile(byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] bytes) {
    Reading.model(Reading.write(folder.resolve("any.gguf"), bytes));
  }

  static Stream<Arguments> tokenizers() {
    return Stream.of(
        Arguments.of(
            "gpt2", "qwen2", "a\nb\nab\n\u0120a\n<|im_end|>\n1", "a b\n\u0120 a", types(6), 5, 4),
        Arguments.of("gpt2", "llama-bpe", "a\nb\nab\n<s>\n\u0120", "a b", types(5), 3, 3),
        Arguments.of(
            "llama",
            "default",
            "<unk>\n<s>\n</s>\n<0x41>\n\u2581\na\n\u2581a\nab",
            "",
            new byte[] {2, 3, 3, 6, 1, 1, 1, 1},
            1,
            2),
        Arguments.of("llama", "", "<unk>\na\n\u2581\n\u2581a", "\u2581 a", types(4), -1, 0),
        Arguments.of("bert", "bert-bge", "[CLS]\na", "", types(2), 0, 0));
  }

  private static byte[] types(int count) {
    byte[] types = new byte[count];
    java.util.Arrays.fill(types, (byte) 1);
    return types;
  }

  @MethodSource("tokenizers")
  @FuzzTest
  void anyTokenizer(
      @NotNull String model,
      @NotNull String preTokenizer,
      @NotNull @WithUtf8Length(max = Reading.MAX_FUZZED_BYTES) String tokens,
      @NotNull @WithUtf8Length(max = Reading.MAX_FUZZED_BYTES) String merges,
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] types,
      int bos,
      int eos) {
    String[] texts = tokens.split("\n", -1);
    String[] pairs = merges.isEmpty() ? new String[0] : merges.split("\n", -1);
    RawGguf file = RawGguf.v3(0, 8);
    file.key("tokenizer.ggml.model", 8).string(model);
    file.key("tokenizer.ggml.pre", 8).string(preTokenizer);
    file.key("tokenizer.ggml.bos_token_id", 4).u32(bos);
    file.key("tokenizer.ggml.eos_token_id", 4).u32(eos);
    file.key("tokenizer.ggml.tokens", 9).u32(8).u64(texts.length);
    for (String text : texts) {
      file.string(text);
    }
    file.key("tokenizer.ggml.merges", 9).u32(8).u64(pairs.length);
    for (String pair : pairs) {
      file.string(pair);
    }
    file.key("tokenizer.ggml.token_type", 9).u32(5).u64(types.length);
    for (byte type : types) {
      file.u32(type);
    }
    file.key("tokenizer.ggml.scores", 9).u32(6).u64(texts.length);
    for (int i = 0; i < texts.length; i++) {
      file.u32(Float.floatToRawIntBits(i % 7 == 6 ? Float.NaN : -i % 5));
    }
    Reading.model(Reading.write(folder.resolve("tokenizer.gguf"), file.toByteArray()));
  }
}
