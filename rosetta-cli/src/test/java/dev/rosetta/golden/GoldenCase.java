package dev.rosetta.golden;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model with the float64 activations of an independent forward pass.
 *
 * @param model file or folder to open
 * @param activations the {@code .npz} of that pass
 * @param tokens prompt
 * @param interleavedRows whether the recorded q and k have the row order of a llama GGUF
 */
record GoldenCase(Path model, Path activations, int[] tokens, boolean interleavedRows) {
  private static final Pattern TOKENS = Pattern.compile("\"token_ids\":\\s*\\[([^\\]]*)]");
  private static final Pattern APR =
      Pattern.compile("\"([a-z0-9_]+)/([^\"/]+\\.apr)\": \\{[^}]*\"compare_with\": \"([^\"]+)\"");

  /** Every case below the data folder: GGUF files, split ones, SafeTensors folders, APR files. */
  static List<GoldenCase> all(Path data) throws IOException {
    List<GoldenCase> cases = new ArrayList<>();
    for (Path family : children(data.resolve("golden"))) {
      Path manifest = family.resolve("MANIFEST.json");
      if (!Files.exists(manifest) || !TOKENS.matcher(Files.readString(manifest)).find()) {
        continue;
      }
      for (Path folder : children(family)) {
        String name = folder.getFileName().toString();
        Path recorded = folder.resolve("fp64.npz");
        if (Files.exists(recorded)) {
          cases.add(of(manifest, folder.resolve("model.gguf"), recorded));
        } else if (name.endsWith("_split")) {
          Path whole = family.resolve(name.replace("_split", "")).resolve("fp64.npz");
          cases.add(of(manifest, children(folder).getFirst(), whole));
        } else if (name.startsWith("safetensors_")) {
          Path same = family.resolve(name.replace("safetensors_", "")).resolve("fp64.npz");
          Path f32 = family.resolve("f32").resolve("fp64.npz");
          if (Files.exists(same) || Files.exists(f32)) {
            cases.add(of(manifest, folder, Files.exists(same) ? same : f32));
          }
        }
      }
    }
    Path aprs = data.resolve("golden-apr");
    Matcher matcher = APR.matcher(Files.readString(aprs.resolve("MANIFEST.json")));
    while (matcher.find()) {
      String family = matcher.group(1);
      cases.add(
          of(
              data.resolve("golden").resolve(family).resolve("MANIFEST.json"),
              aprs.resolve(family).resolve(matcher.group(2)),
              data.resolve(matcher.group(3))));
    }
    return cases;
  }

  private static GoldenCase of(Path manifest, Path model, Path activations) throws IOException {
    String json = Files.readString(manifest);
    Matcher matcher = TOKENS.matcher(json);
    if (!matcher.find()) {
      throw new IllegalArgumentException(manifest + " states no token ids");
    }
    int[] tokens =
        Arrays.stream(matcher.group(1).split(","))
            .mapToInt(id -> Integer.parseInt(id.strip()))
            .toArray();
    return new GoldenCase(model, activations, tokens, json.contains("\"arch\": \"llama\""));
  }

  private static List<Path> children(Path folder) throws IOException {
    TreeSet<Path> sorted = new TreeSet<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(sorted::add);
    }
    sorted.removeIf(path -> path.toString().endsWith(".json") && Files.isRegularFile(path));
    return List.copyOf(sorted);
  }
}
