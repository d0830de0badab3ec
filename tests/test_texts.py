"""tools/replies-texts: a translation can't lose, invent or outlive the words of its text."""
import os
import shutil
import subprocess

from conftest import TOP

TOOL = os.path.join(TOP, "tools", "replies-texts")
FOLDER = os.path.join(TOP, "src", "reply")


def write(directory, english=None, german=None):
    """The tool's answer about texts with these changes, and what it wrote."""
    paths = []
    for name, change in (("texts.txt", english), ("de.po", german)):
        path = os.path.join(directory, name)
        shutil.copy(os.path.join(FOLDER, name), path)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if change:
            assert change[0] in text
            with open(path, "w", encoding="utf-8") as f:
                f.write(text.replace(*change))
        paths.append(path)
    out = os.path.join(directory, "out.inc")
    done = subprocess.run([TOOL, "--write", out, *paths], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return done, ""
    with open(out, encoding="utf-8") as f:
        return done, f.read()


def test_the_texts_are_whole():
    done = subprocess.run([TOOL, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_lost_and_an_invented_word_are_found(directory):
    """Somebody would read "nach <ip>" where a time should stand."""
    done, _ = write(directory, german=("Nach <wait> wird", "Nach <ip> wird"))
    assert done.returncode != 0 and "de.po:" in done.stderr
    assert "<wait> outside brackets is lost" in done.stderr and "<ip> outside brackets is invented" in done.stderr


def test_a_word_out_of_its_brackets_is_found(directory):
    """A sentence with a hole would be shown where the word is absent."""
    done, _ = write(directory, german=("Das Postfach[ von <address>] ist voll. Es", "Das Postfach von <address> ist voll. Es"))
    assert done.returncode != 0 and "<address> in brackets is lost" in done.stderr


def test_a_word_that_does_not_exist_is_found(directory):
    done, _ = write(directory, english=("in <wait>[ (<time>)].", "in <delay>[ (<time>)]."))
    assert done.returncode != 0 and "texts.txt:" in done.stderr and "no word is called <delay>" in done.stderr


def test_an_outdated_translation_gives_way_to_english(directory):
    """A changed text must not be shown in its old meaning."""
    old = "You need to do nothing: your mail arrives a little later."
    done, out = write(directory, english=(old, "Do nothing."))
    assert done.returncode == 0
    german = out.split("[REPLY_LANG_DE] = {", 1)[1]
    assert "[REPLY_GREYLISTING][REPLY_WRITER]" not in german.split("},", 1)[0]
    assert "[REPLY_GREYLISTING][REPLY_ADVICE]" in german.split("},", 1)[0]
