package dev.rosetta.formats.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.synth.ModelShape;
import dev.rosetta.formats.synth.SyntheticModel;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.spi.ModelFormats;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A conversion ends in all of its files or in none. */
final class WholeOutputTests {
  private final ModelContent model =
      SyntheticModel.of(ModelShape.tiny("qwen2").with("layers=1"), ElementMix.F32, 8);

  @TempDir Path folder;
  private Path input;
  private Path outputs;

  @BeforeEach
  void writeInput() throws IOException {
    input = folder.resolve("in.gguf");
    outputs = Files.createDirectory(folder.resolve("outputs"));
    ModelFiles.write(input, FileFormat.GGUF, model);
  }

  private Path output(FileFormat format) {
    return switch (format) {
      case GGUF -> outputs.resolve("out.gguf");
      case APR -> outputs.resolve("out.apr");
      case SAFETENSORS -> outputs.resolve("out");
    };
  }

  private SortedMap<String, String> content() throws IOException {
    SortedMap<String, String> content = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(outputs)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        content.put(path.toString(), HexFormat.of().formatHex(Files.readAllBytes(path)));
      }
    }
    return content;
  }

  /** A source whose file is touched when its first weights are read. */
  private ModelSource changing(ModelSource source) {
    return (ModelSource)
        Proxy.newProxyInstance(
            ModelSource.class.getClassLoader(),
            new Class<?>[] {ModelSource.class},
            (_, method, arguments) -> {
              if (method.getName().equals("read")) {
                Files.setLastModifiedTime(input, FileTime.fromMillis(1_000_000_000_000L));
              }
              try {
                return method.invoke(source, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @ParameterizedTest
  @EnumSource
  void aSourceThatChangesMeanwhileLeavesNoOutput(FileFormat format) throws IOException {
    try (ModelSource source = ModelFormats.load().open(input)) {
      ModelException error =
          assertThrows(
              ModelException.class,
              () -> Conversion.convert(changing(source), output(format), format, null));
      assertEquals(ErrorCode.FILE_CHANGED, error.code());
    }
    try (Stream<Path> left = Files.list(outputs)) {
      assertEquals(0, left.count());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSourceThatChangesMeanwhileLeavesTheOldOutput(FileFormat format) throws IOException {
    Path old = folder.resolve("old.gguf");
    ModelFiles.write(
        old,
        FileFormat.GGUF,
        SyntheticModel.of(ModelShape.tiny("llama").with("layers=1"), ElementMix.F16, 9));
    Conversion.convert(old, output(format), format, null);
    Map<String, String> before = content();
    try (ModelSource source = ModelFormats.load().open(input)) {
      assertThrows(
          ModelException.class,
          () -> Conversion.convert(changing(source), output(format), format, null));
    }
    assertEquals(before, content());
    Conversion.convert(input, output(format), format, null);
    assertEquals(before.keySet(), content().keySet());
  }

  /** A tokenizer.json that stays would be read as that of the new weights. */
  @Test
  void anotherModelsTokenizerIsNotLeftBesideNewWeights() throws IOException {
    Path output = output(FileFormat.SAFETENSORS);
    ModelFiles.write(output, FileFormat.SAFETENSORS, model);
    Map<String, String> before = content();
    ModelContent mute =
        new ModelContent(model.facts(), null, model.mix(), model.tensors(), model.others());
    ModelException error =
        assertThrows(
            ModelException.class, () -> ModelFiles.write(output, FileFormat.SAFETENSORS, mute));
    assertEquals(ErrorCode.NOT_WRITABLE, error.code());
    assertTrue(String.valueOf(error.getMessage()).contains("remove it"), error::getMessage);
    assertEquals(before, content());
  }
}
