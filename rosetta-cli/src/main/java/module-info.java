/** The rosetta command. */
module dev.rosetta.cli {
  requires dev.rosetta;
  requires dev.rosetta.formats;
  requires info.picocli;

  opens dev.rosetta.cli to
      info.picocli;
}
