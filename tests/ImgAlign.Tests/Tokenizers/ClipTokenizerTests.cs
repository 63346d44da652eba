using System.Text.Json.Nodes;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.Tokenizers;

/// <summary>Expected ids are those of Hugging Face's tokenizers 0.23.</summary>
public class ClipTokenizerTests
{
    private static readonly string Folder = Path.Combine(TestData.Golden, "tokenizer", "clip-l");
    private static readonly ClipTokenizer First = ClipTokenizer.Load(Folder);
    private static readonly ClipTokenizer Second = ClipTokenizer.Load(Folder, "!");

    [Theory]
    [InlineData("e\u0301\u0323", new long[] { 157, 118, 373, 136, 479 })]
    [InlineData("\u1112\u1161\u11AB", new long[] { 15197, 506 })]
    [InlineData("'redo it''s", new long[] { 982, 818, 585, 8445, 338 })]
    [InlineData("İ ıI", new long[] { 328, 16384, 18562, 328 })]
    [InlineData("a\u0085b\u180Ec", new long[] { 320, 321, 157, 254, 492, 322 })]
    [InlineData("👨\u200D👩\u200D👧", new long[] { 25023, 26304, 964, 356 })]
    [InlineData("१२ ١٢ ๑๒", new long[] { 7410, 356, 7410, 357, 149, 350, 149, 351, 4484, 495, 4484, 496 })]
    [InlineData("x\uFB01 ½Ⅷ", new long[] { 87, 171, 105, 479, 33613, 158, 227, 371 })]
    [InlineData("\0\u001Fa", new long[] { 188, 475, 320 })]
    [InlineData("ΑΣ ΣΑΣ", new long[] { 138, 109, 139, 481, 139, 225, 138, 109, 139, 481 })]
    public void Rare_characters_are_read_as_the_reference_reads_them(string text, long[] expected)
    {
        Assert.Equal(expected, Text(First, text));
        Assert.Equal(expected, Text(Second, text));
    }

    [Theory]
    [InlineData("It&amp;#39;s a &quot;test&quot; &amp;amp; more", "it's a \"test\" & more")]
    [InlineData("<b>a &amp;lt; b</b>", "<b>a < b</b>")]
    [InlineData("“curly” ‘quotes’ ʼn", "\"curly\" 'quotes' 'n")]
    [InlineData("ﬁne ﬂuﬀ Ĳ", "fine fluff ij")]
    [InlineData("ＷＩＤＥ，ｶﾀｶﾅ\u3000!", "wide,カタカナ !")]
    [InlineData("don\u0092t \u0085", "don't …")]
    [InlineData("a\u0000\uFEFF\u007F b\r\n\tc ", "a b c")]
    [InlineData("Cafe\u0301 É", "caf\u00e9 é")]
    [InlineData("cafÃ©, itâ€™s Ã¼ber", "caf\u00e9, it's \u00fcber")]
    [InlineData("naïve café €5", "naïve caf\u00e9 €5")]
    public void OpenCLIP_cleans_texts_first(string text, string expected) => Assert.Equal(expected, OpenClipText.Clean(text));

    [Fact]
    public void OpenCLIP_pads_with_zero_and_knows_its_own_special_tokens()
    {
        var tokenizer = ClipTokenizer.LoadOpenClip(Folder, 6);
        Assert.Equal([49406, 49406, 343, 49407, 49407, 0], tokenizer.Encode("<start_of_text>X<end_of_text>"));
        Assert.Equal(49407, tokenizer.Encode("one two three four five six")[^1]);
        Assert.Equal("five six", tokenizer.FindUnread("one two three four five six"));
        Assert.DoesNotContain(49407, tokenizer.Encode("a<|endoftext|>")[1..3]);
    }

    [Theory]
    [InlineData("a!\u0301!!b", new long[] { 320, 0, 136, 223, 748, 321 }, new long[] { 320, 0, 136, 479, 0, 0, 321 })]
    [InlineData("<|endoftext|><|startoftext|>", new long[] { 49407, 49406 }, new long[] { 49407, 49406 })]
    [InlineData("<|EndOfText|>x", new long[] { 27, 347, 40786, 4160, 91, 285, 343 }, new long[] { 49407, 343 })]
    public void Special_tokens_are_found_as_the_two_tokenizers_of_SDXL_find_them(string text, long[] first, long[] second)
    {
        Assert.Equal(first, Text(First, text));
        Assert.Equal(second, Text(Second, text));
    }

    [Fact]
    public void Half_a_surrogate_pair_reads_as_the_replacement_character() =>
        Assert.Equal(First.Encode("a\uFFFDb"), First.Encode("a\uD83Db"));

    [Theory]
    [InlineData("a")]
    [InlineData("cat ")]
    [InlineData("!")]
    [InlineData("🐶")]
    [InlineData("\u0301")]
    [InlineData("<|endoftext|>")]
    public void Prompts_of_a_hundred_thousand_characters_are_cut_to_77(string part)
    {
        var ids = Second.Encode(string.Concat(Enumerable.Repeat(part, 100_000 / part.Length)));
        Assert.Equal(77, ids.Length);
        Assert.Equal(49406, ids[0]);
        Assert.Equal(49407, ids[76]);
    }

    [Fact]
    public void The_folder_names_padding_and_special_tokens()
    {
        var sdxl = Path.Combine(TestData.Golden, "sdxl", "checkpoint");
        Assert.Equal(2513, ClipTokenizer.Load(Path.Combine(sdxl, "tokenizer")).PadId);
        Assert.Equal(0, ClipTokenizer.Load(Path.Combine(sdxl, "tokenizer_2")).PadId);

        // The newer form of the file lists the tokens once and names them as plain strings.
        using var folder = Copy(
            """
            {"model_max_length": 16, "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "!",
             "added_tokens_decoder": {
              "0": {"content": "!", "normalized": false},
              "49406": {"content": "<|startoftext|>", "normalized": true},
              "49407": {"content": "<|endoftext|>", "normalized": true}}}
            """
        );
        var tokenizer = ClipTokenizer.Load(folder.Path);
        Assert.Equal([49406, 320, 0, 49407, 49407, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], tokenizer.Encode("a!<|EndOfText|>"));
    }

    [Theory]
    [InlineData("tokenizer")]
    [InlineData("tokenizer_2")]
    public void A_folder_of_transformers_5_is_read_by_its_tokenizer_json(string part)
    {
        var older = Path.Combine(TestData.Golden, "sdxl", "checkpoint", part);
        using var folder = new TemporaryFolder();
        var vocabulary = JsonNode.Parse(File.ReadAllText(Path.Combine(older, "vocab.json")))!;
        var merges = File.ReadLines(Path.Combine(older, "merges.txt"))
            .Where(static line => line.Length > 0 && line[0] != '#')
            .Select(static line => (JsonNode)new JsonArray([.. line.Split(' ')]));
        string[] special = ["<|startoftext|>", "<|endoftext|>"];
        folder.Write(
            "tokenizer.json",
            new JsonObject
            {
                ["added_tokens"] = new JsonArray([
                    .. special.Select(token => new JsonObject
                    {
                        ["id"] = vocabulary[token]!.GetValue<int>(),
                        ["content"] = token,
                        ["normalized"] = part == "tokenizer_2",
                        ["special"] = true,
                    }),
                ]),
                ["model"] = new JsonObject
                {
                    ["type"] = "BPE",
                    ["end_of_word_suffix"] = "</w>",
                    ["vocab"] = vocabulary.DeepClone(),
                    ["merges"] = new JsonArray([.. merges]),
                },
            }.ToJsonString()
        );
        File.Copy(Path.Combine(older, "tokenizer_config.json"), folder.File("tokenizer_config.json"));

        var (expected, actual) = (ClipTokenizer.Load(older), ClipTokenizer.Load(folder.Path));
        foreach (var text in (string[])["", "a red cube on a blue table!", "<|EndOfText|> x<|endoftext|>'s 猫"])
            Assert.Equal(expected.Encode(text), actual.Encode(text));
        Assert.Equal((expected.PadId, expected.MaxLength), (actual.PadId, actual.MaxLength));
    }

    [Fact]
    public void Another_models_tokenizer_json_is_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", """{"model": {"type": "BPE", "vocab": {}, "merges": []}}""");
        Assert.Contains(
            "end_of_word_suffix",
            Assert.Throws<ImgAlignException>(() => ClipTokenizer.Load(folder.Path)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("vocab.json", null, "missing")]
    [InlineData("vocab.json", "{", "not valid JSON")]
    [InlineData("vocab.json", "[1]", "own")]
    [InlineData("vocab.json", "{\"a\": \"b\"}", "own")]
    [InlineData("vocab.json", "{\"a\": 1}", "is missing")]
    [InlineData("merges.txt", null, "missing")]
    [InlineData("merges.txt", "#version: 0.2\ni n\nonly\n", "'only'")]
    [InlineData("merges.txt", "i n\nqqq zzz\n", "'qqq'")]
    [InlineData("tokenizer_config.json", "7", "own")]
    [InlineData("tokenizer_config.json", "{\"added_tokens_decoder\": [1]}", "own")]
    [InlineData("tokenizer_config.json", "{\"pad_token\": \"<nowhere>\"}", "<nowhere>")]
    [InlineData("tokenizer_config.json", "{\"bos_token\": {\"content\": 5}}", "bos_token")]
    public void A_broken_folder_is_named(string file, string? contents, string expected)
    {
        using var folder = Copy("{}");
        if (contents is null)
            File.Delete(folder.File(file));
        else
            folder.Write(file, contents);
        var message = Assert.Throws<ImgAlignException>(() => ClipTokenizer.Load(folder.Path)).Message;
        Assert.Contains(file == "merges.txt" ? folder.Path : file, message, StringComparison.Ordinal);
        Assert.Matches(expected, message);
    }

    private static TemporaryFolder Copy(string config)
    {
        var folder = new TemporaryFolder();
        foreach (var name in (string[])["vocab.json", "merges.txt"])
            File.Copy(Path.Combine(Folder, name), folder.File(name));
        folder.Write("tokenizer_config.json", config);
        return folder;
    }

    private static long[] Text(ClipTokenizer tokenizer, string text)
    {
        var ids = tokenizer.Encode(text, 77, out var length);
        return ids[1..(length - 1)];
    }
}
