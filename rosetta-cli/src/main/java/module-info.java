/** The rosetta command. */
module dev.rosetta.cli {
  requires dev.rosetta;
  requires dev.rosetta.formats;
  requires info.picocli;
  // Only 'doctor' measures, and the launcher adds the module for it.
  requires static jdk.management;

  opens dev.rosetta.cli to
      info.picocli;
}
