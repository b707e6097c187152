package dev.rosetta;

import dev.rosetta.model.Metadata;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;

/** Metadata that outlives the file it was read from. */
final class CopiedMetadata implements Metadata {
  private final SequencedMap<String, Entry> entries = new LinkedHashMap<>();

  private record Entry(Optional<Object> value, String typeName) {}

  CopiedMetadata(Metadata metadata) {
    for (String key : metadata.keys()) {
      entries.put(key, new Entry(metadata.value(key), metadata.typeName(key)));
    }
  }

  @Override
  public SequencedSet<String> keys() {
    return Collections.unmodifiableSequencedSet(entries.sequencedKeySet());
  }

  @Override
  public Optional<Object> value(String key) {
    Entry entry = entries.get(key);
    return entry == null ? Optional.empty() : entry.value();
  }

  @Override
  public String typeName(String key) {
    Entry entry = entries.get(key);
    if (entry == null) {
      throw new IllegalArgumentException("no key " + key);
    }
    return entry.typeName();
  }
}
