using System.CommandLine;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Jobs;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Tests.Cli;

public sealed class ModelConfigurationTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("acme/lora:weights/a.safetensors:0.8", "acme/lora:weights/a.safetensors", "0.8")]
    [InlineData("acme/lora:a.safetensors", "acme/lora:a.safetensors", "1")]
    [InlineData("hf:acme/lora@v2:0.5", "hf:acme/lora@v2", "0.5")]
    public void The_last_part_of_a_lora_is_its_scale_if_it_is_a_number(string lora, string path, string scale)
    {
        var section = Read("--lora", lora).GetSection("Sdxl:Loras:0");
        Assert.Equal((path, scale), (section["Path"], section["Scale"]));
    }

    [Fact]
    public void The_command_line_replaces_what_the_file_says_with_all_that_belongs_to_it()
    {
        var section = Read("--ckpts", folder, "--lora", "new.safetensors:0.5");
        Assert.Equal(Path.Combine(folder, "aligner_sdxl.pth"), section["Aligner:Path"]);
        Assert.Null(section["Aligner:HeadWidth"]);
        Assert.Null(section["Sdxl:AdapterPath"]);
        Assert.Equal(["new.safetensors"], section.GetSection("Sdxl:Loras").GetChildren().Select(lora => lora["Path"]));
    }

    [Fact]
    public void Another_aligner_has_released_heads_unless_their_width_is_given()
    {
        Assert.Null(Read("--aligner", "other.pth")["Aligner:HeadWidth"]);
        Assert.Equal("32", Read("--aligner", "other.pth", "--aligner-head-width", "32")["Aligner:HeadWidth"]);
        Assert.Equal("16", Read()["Aligner:HeadWidth"]);
    }

    [Fact]
    public void A_family_has_its_own_section_and_options()
    {
        var section = Read("--backbone", "flux", "--model", "flux", "--ckpts", folder, "--transformer", "flux1-dev.safetensors");
        Assert.Equal("flux", section["Pipeline:Backbone"]);
        Assert.Equal("flux", section["Flux:ModelPath"]);
        Assert.Equal("flux1-dev.safetensors", section["Flux:TransformerPath"]);
        Assert.Equal(folder, section["Flux:ImagePromptPath"]);
        Assert.Equal(Path.Combine(folder, "aligner_flux.pth"), section["Aligner:Path"]);
        Assert.Null(section["Sdxl:ImagePromptPath"]);

        Assert.Contains(
            "--unet",
            Assert.Throws<ImgAlignException>(() => Read("--backbone", "flux", "--model", "flux", "--unet", "u")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Flux:ModelPath",
            Assert.Throws<ImgAlignException>(() => Read("--backbone", "flux")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_detector_has_its_own_section_and_options()
    {
        var section = Read("--detector-family", "qwen", "--detector", "qwen", "--max-pixels", "1000000");
        Assert.Equal("qwen", section["Pipeline:Detector"]);
        Assert.Equal("qwen", section["Qwen:ModelPath"]);
        Assert.Equal("1000000", section["Qwen:MaxPixels"]);
        Assert.Null(section["Llava:ModelPath"]); // a model that does not run is neither fetched nor recorded
        Assert.Equal("other", Read("--detector", "other")["Llava:ModelPath"]);

        Assert.Contains(
            "--detector-family llava",
            Assert
                .Throws<ImgAlignException>(() => Read("--detector-family", "qwen", "--detector", "qwen", "--template", "llava_v1"))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "--detector-family qwen",
            Assert.Throws<ImgAlignException>(() => Read("--max-pixels", "1000000")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Qwen:ModelPath",
            Assert.Throws<ImgAlignException>(() => Read("--detector-family", "qwen")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_scorer_that_decides_by_the_file_and_gives_way_to_others_is_named()
    {
        var file = Path.Combine(folder, "gate.json");
        File.WriteAllText(
            file,
            """
            {
              "ImgAlign": {
                "Sdxl": { "ModelPath": "sdxl" }, "Llava": { "ModelPath": "llava" }, "Aligner": { "Path": "a" },
                "PickScore": { "ModelPath": "pick" }, "Pipeline": { "Scorers": ["pickscore"], "Gate": [{ "Scorer": "pickscore" }] }
              }
            }
            """
        );
        var command = new Command("test");
        foreach (var option in ModelConfiguration.Options.Concat(ScorerArguments.Options))
            command.Add(option);
        var refused = Assert.Throws<ImgAlignException>(() => Read("--scorer", "hps=h"));
        Assert.Equal(
            "Pipeline:Gate of the file lets pickscore decide, but --scorer names hps in its place; say with --gate which of these decides, "
                + "or name pickscore as --scorer, too.",
            refused.Message
        );
        Assert.Equal("hps", Read("--scorer", "hps=h", "--gate", "hps")["Pipeline:Gate:0:Scorer"]);
        Assert.Equal("pickscore", Read("--scorer", "hps=h", "--scorer", "pickscore")["Pipeline:Gate:0:Scorer"]);

        IConfigurationSection Read(params string[] arguments) => ModelConfiguration.Read(command.Parse(["--config", file, .. arguments]));
    }

    [Fact]
    public void Models_that_a_command_does_not_run_are_left_out_with_all_that_names_them()
    {
        var file = Path.Combine(folder, "scorers.json");
        File.WriteAllText(
            file,
            """
            {
              "ImgAlign": {
                "Sdxl": { "ModelPath": "sdxl" }, "Flux": { "ModelPath": "flux" }, "Llava": { "ModelPath": "llava" },
                "PickScore": { "ModelPath": "pick" }, "Pipeline": { "Scorers": ["pickscore"], "Gate": [{ "Scorer": "pickscore" }] }
              }
            }
            """
        );
        var command = new Command("test");
        foreach (var option in ModelConfiguration.BackboneOptions)
            command.Add(option);
        var section = ModelConfiguration.Read(command.Parse(["--config", file]), RequiredModels.Backbone);
        var values = section.AsEnumerable(makePathsRelative: true).Where(static pair => pair.Value is not null);
        Assert.Equal(["Pipeline:Backbone", "Pipeline:Detector", "Sdxl:ModelPath"], values.Select(static pair => pair.Key).Order());
    }

    [Fact]
    public void What_only_draws_and_selects_needs_no_detector_unless_it_judges()
    {
        var section = Read(RequiredModels.Selection);
        Assert.Equal((Path.Combine(folder, "sdxl"), "False"), (section["Sdxl:ModelPath"], section["Pipeline:Aligns"]));
        Assert.Equal((null, null), (section["Llava:ModelPath"], section["Aligner:Path"]));
        Assert.Equal(Path.Combine(folder, "llava"), Read(RequiredModels.Selection, "--scorer", "vqa")["Llava:ModelPath"]);

        var judged = Read(RequiredModels.Selection, "--scorer", "vqa", "--judge", "qwen3vl=q");
        Assert.Equal((null, "q"), (judged["Llava:ModelPath"], judged["Qwen3Vl:ModelPath"]));
    }

    [Fact]
    public void An_optional_aligner_is_kept_where_it_is_named()
    {
        var named = Read(RequiredModels.All, RequiredModels.Aligner);
        Assert.Equal((Path.Combine(folder, "tiny.pth"), "16"), (named["Aligner:Path"], named["Aligner:HeadWidth"]));
        Assert.True(ModelConfiguration.IsComplete(named));
        Assert.Equal("other.pth", Read(RequiredModels.All, RequiredModels.Aligner, "--aligner", "other.pth")["Aligner:Path"]);

        var unnamed = Read(RequiredModels.All, RequiredModels.Aligner, "--aligner", "");
        Assert.False(ModelConfiguration.IsComplete(unnamed));
        Assert.True(ModelConfiguration.IsComplete(Read(RequiredModels.Selection)));
        Assert.Throws<ImgAlignException>(() => Read(RequiredModels.All, "--aligner", ""));
    }

    [Theory]
    [InlineData("{}", RequiredModels.All)]
    [InlineData("""{"Policy": "best-of-n"}""", RequiredModels.Selection)]
    [InlineData("""{"Policy": "best-of-n"}""", RequiredModels.All, "rounds")]
    [InlineData("""{"Policy": "greedy"}""", RequiredModels.All)]
    [InlineData("""{"Aligns": false}""", RequiredModels.Selection)]
    internal void A_policy_says_which_models_it_needs(string pipeline, RequiredModels required, string? policy = null)
    {
        var file = Path.Combine(folder, "policy.json");
        File.WriteAllText(file, "{\"ImgAlign\": {\"Precision\": \"Float32\", \"Pipeline\": " + pipeline + "}}");
        var command = new Command("test");
        foreach (var option in ModelConfiguration.Options)
            command.Add(option);
        Assert.Equal(required, ModelConfiguration.OfSearch(command.Parse(["--config", file]), policy, recorded: null));
    }

    [Fact]
    public void Defaults_of_every_family_are_known()
    {
        foreach (var section in ModelConfiguration.BackboneSections.Concat(ModelConfiguration.DetectorSections))
        {
            Assert.True(OptionDefaults.Contain($"{section}:Storage", "AsStored"), section);
            Assert.False(OptionDefaults.Contain($"{section}:Storage", "Int8"), section);
        }
    }

    [Fact]
    public void Every_scorers_judge_keeps_its_files()
    {
        var file = Path.Combine(folder, "judges.json");
        File.WriteAllText(
            file,
            """
            {
              "ImgAlign": {
                "Sdxl": { "ModelPath": "sdxl" }, "Llava": { "ModelPath": "llava" }, "Aligner": { "Path": "a" },
                "Qwen": { "ModelPath": "qwen" }, "Qwen3Vl": { "ModelPath": "qwen3vl" },
                "VqaScore": { "Judge": "qwen" }, "SoftTifa": { "Judge": "qwen3vl" }
              }
            }
            """
        );
        var command = new Command("test");
        foreach (var option in ModelConfiguration.Options.Concat(ScorerArguments.Options))
            command.Add(option);
        Assert.Equal(["Llava", "Qwen", "Qwen3Vl"], Judges(RequiredModels.All));
        Assert.Equal(["Qwen", "Qwen3Vl"], Judges(RequiredModels.Backbone | RequiredModels.Scorers));
        Assert.Equal(["Qwen"], Judges(RequiredModels.Backbone | RequiredModels.Scorers, "--scorer", "vqa"));
        Assert.Empty(Judges(RequiredModels.Backbone));

        IEnumerable<string> Judges(RequiredModels required, params string[] arguments)
        {
            var section = ModelConfiguration.Read(command.Parse(["--config", file, .. arguments]), required);
            return ModelConfiguration.DetectorSections.Where(name => section.GetSection(name).Exists()).Order();
        }
    }

    private IConfigurationSection Read(params string[] arguments) => Read(RequiredModels.All, arguments);

    private IConfigurationSection Read(RequiredModels required, params string[] arguments) =>
        Read(required, RequiredModels.None, arguments);

    private IConfigurationSection Read(RequiredModels required, RequiredModels optional, params string[] arguments)
    {
        var file = Path.Combine(folder, "imgalign.json");
        File.WriteAllText(
            file,
            """
            {"ImgAlign": {
              "Sdxl": {"ModelPath": "sdxl", "AdapterPath": "adapter.bin", "Loras": [{"Path": "a"}, {"Path": "b"}]},
              "Llava": {"ModelPath": "llava"}, "Aligner": {"Path": "tiny.pth", "HeadWidth": 16}}}
            """
        );
        var command = new Command("test");
        foreach (var option in ModelConfiguration.Options.Concat(ScorerArguments.Options))
            command.Add(option);
        return ModelConfiguration.Read(command.Parse(["--config", file, .. arguments]), required, optional: optional);
    }
}
