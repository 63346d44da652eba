using ImgAlign.DependencyInjection;
using ImgAlign.Hub;
using ImgAlign.Recipes;
using ImgAlign.Tests.Cli;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Tests.Recipes;

/// <summary>From names of the hub to a picture. One after the other: the hub is named by this process's environment.</summary>
public sealed class PullTests
{
    [Fact]
    public async Task A_recipe_is_pulled_and_drawn_with_offline()
    {
        await using var hub = await TinyHub.StartAsync();
        var dry = await Tool.RunAsync("pull", "tiny", "--recipes", hub.Recipes, "--dry-run");
        Assert.Equal((0, ""), (dry.ExitCode, dry.Error));
        Assert.Equal(
            ["tiny: The tiny checkpoints of the golden cases.", "memory in 16 bits with --residency KeepAll: 0.1 GB"],
            dry.Lines.Take(2)
        );
        Assert.Contains("acme/sdxl at " + new string('a', 40), dry.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(hub.Cache));

        var host = new ServiceCollection().AddImplicitMultimodalGuidance();
        Assert.Contains(
            "imgalign pull sdxl",
            Assert.Throws<ImgAlignException>(() => host.UseRecipe("sdxl")).Message,
            StringComparison.Ordinal
        );

        var early = await AlignAsync(hub, "--recipe", "tiny", "--recipes", hub.Recipes);
        Assert.Equal(1, early.ExitCode);
        Assert.Contains("imgalign pull tiny", early.Error, StringComparison.Ordinal);

        var pull = await Tool.RunAsync("pull", "tiny", "--recipes", hub.Recipes);
        Assert.Equal(0, pull.ExitCode);
        Assert.EndsWith(Path.Combine("models--acme--aligner", "snapshots", new string('b', 40)), pull.Lines[^1], StringComparison.Ordinal);

        var doctor = await Tool.RunAsync("doctor", "--recipe", "tiny", "--recipes", hub.Recipes, "--device", "cpu");
        Assert.Contains("all models of tiny are in", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("--residency KeepAll needs 0.1 GB", doctor.Output, StringComparison.Ordinal);
        var elsewhere = await Tool.RunAsync("doctor", "--recipe", "tiny", "--recipes", hub.Recipes, "--device", "cuda:63");
        Assert.Equal(1, elsewhere.ExitCode);
        Assert.Contains(
            elsewhere.Lines,
            static line => line.StartsWith("problem device       Device 'cuda:63' was asked for", StringComparison.Ordinal)
        );

        TinyHub.Set("HF_HUB_OFFLINE", "1");
        var align = await AlignAsync(hub, "--recipe", "tiny", "--recipes", hub.Recipes);
        Assert.Equal((0, ""), (align.ExitCode, align.ExitCode == 0 ? "" : align.Error));
        Assert.True(File.Exists(Path.Combine(hub.Home, "out", "seed-0", "after.png")));

        var recipe = RecipeBook.Read(hub.Recipes)["tiny"];
        await using var services = new ServiceCollection()
            .AddImplicitMultimodalGuidance()
            .UseRecipe(recipe, new HubCache(hub.Cache))
            .Services.BuildServiceProvider();
        Assert.Equal("SDXL", services.GetRequiredKeyedService<IDiffusionBackbone>("sdxl").Name);
    }

    [Fact]
    public async Task A_recipe_has_a_scorer_where_one_is_asked_for()
    {
        await using var hub = await TinyHub.StartAsync();
        string[] recipe = ["--recipe", "tiny", "--recipes", hub.Recipes];
        var plain = await Tool.RunAsync("pull", "tiny", "--recipes", hub.Recipes);
        Assert.Contains("with --scorer hps, not fetched otherwise: A tiny HPSv2.", plain.Lines);
        Assert.DoesNotContain("acme/hps", plain.Output, StringComparison.Ordinal);
        var early = await AlignAsync(hub, [.. recipe, "--scorer", "hps"]);
        Assert.Contains("imgalign pull tiny --scorer hps", early.Error, StringComparison.Ordinal);

        Assert.Equal(0, (await Tool.RunAsync("pull", "tiny", "--scorer", "hps", "--recipes", hub.Recipes)).ExitCode);
        var doctor = await Tool.RunAsync(["doctor", .. recipe, "--scorer", "hps"]);
        Assert.Contains("all models of tiny --scorer hps are in", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("--residency KeepAll needs 0.6 GB", doctor.Output, StringComparison.Ordinal);

        TinyHub.Set("HF_HUB_OFFLINE", "1");
        var align = await AlignAsync(hub, [.. recipe, "--scorer", "hps", "--gate", "hps=0.001"]);
        Assert.Equal((0, ""), (align.ExitCode, align.ExitCode == 0 ? "" : align.Error));
        Assert.Contains("picture 1 (align) scored by hps: ", align.Output, StringComparison.Ordinal);
        Assert.Contains(
            "There is no scorer 'beauty'",
            Assert.Throws<ImgAlignException>(() => RecipeBook.Read(hub.Recipes).Find("tiny", ["beauty"])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_picture_needs_none_of_a_recipe_s_models_but_the_diffusion_model()
    {
        await using var hub = await TinyHub.StartAsync();
        foreach (var name in new[] { "acme/sdxl", "acme/img" })
            Assert.Equal(0, (await Tool.RunAsync("pull", name)).ExitCode);
        TinyHub.Set("HF_HUB_OFFLINE", "1");
        var run = await Tool.RunAsync(
            "generate",
            "a red cube",
            "--recipe",
            "tiny",
            "--recipes",
            hub.Recipes,
            "--steps",
            "1",
            "--width",
            "32",
            "--height",
            "32",
            "--out",
            Path.Combine(hub.Home, "out")
        );
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        var record = await File.ReadAllTextAsync(Path.Combine(hub.Home, "out", "seed-0.json"));
        Assert.Contains("Sdxl:ModelPath", record, StringComparison.Ordinal);
        Assert.DoesNotContain("Llava", record, StringComparison.Ordinal);
        Assert.DoesNotContain("Aligner", record, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_of_the_hub_stand_where_paths_do()
    {
        await using var hub = await TinyHub.StartAsync();
        string[] models =
        [
            "--model",
            "acme/sdxl",
            "--ckpts",
            Path.Combine(TestData.Golden, "sdxl", "ckpts"),
            "--detector",
            "hf:acme/llava@main",
            "--aligner",
            "acme/aligner:round/aligner_sdxl_llava.pth",
            "--aligner-head-width",
            "16",
        ];

        var unasked = await AlignAsync(hub, models);
        Assert.Equal(1, unasked.ExitCode);
        Assert.Contains("--yes", unasked.Error, StringComparison.Ordinal);
        Assert.Contains("licence apache-2.0", unasked.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(hub.Cache));

        var asked = await AlignAsync(hub, [.. models, "--yes"]);
        Assert.Equal((0, ""), (asked.ExitCode, asked.ExitCode == 0 ? "" : asked.Error));
        var record = await File.ReadAllTextAsync(Path.Combine(hub.Home, "out", "seed-0", "record.json"));
        Assert.Contains($"acme/sdxl@{new string('a', 40)}", record, StringComparison.Ordinal);
        Assert.Contains($"acme/aligner@{new string('b', 40)}:round/aligner_sdxl_llava.pth", record, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Training_takes_names_of_the_hub_too()
    {
        await using var hub = await TinyHub.StartAsync();
        Assert.Equal(0, (await Tool.RunAsync("pull", "acme/llava")).ExitCode);
        var train = await Tool.RunAsync(
            "train",
            "aligner",
            "--config",
            Path.Combine(TestData.Golden, "..", "..", "samples", "train", "tiny.json"),
            "--detector",
            "acme/llava",
            "--steps",
            "1",
            "--out",
            Path.Combine(hub.Home, "trained")
        );
        Assert.Equal((0, ""), (train.ExitCode, train.ExitCode == 0 ? "" : train.Error));
    }

    [Fact]
    public async Task One_file_or_what_patterns_choose_is_pulled()
    {
        await using var hub = await TinyHub.StartAsync();
        var file = await Tool.RunAsync("pull", "acme/sdxl:unet/config.json");
        Assert.Equal(0, file.ExitCode);
        Assert.EndsWith(Path.Combine("unet", "config.json"), file.Lines[^1], StringComparison.Ordinal);
        Assert.True(File.Exists(file.Lines[^1]));

        var some = await Tool.RunAsync("pull", "acme/sdxl", "--include", "*.json", "--exclude", "tokenizer*");
        Assert.Equal(0, some.ExitCode);
        Assert.True(File.Exists(Path.Combine(some.Lines[^1], "vae", "config.json")));
        Assert.False(Directory.Exists(Path.Combine(some.Lines[^1], "tokenizer")));

        Assert.Equal(1, (await Tool.RunAsync("pull", "acme/sdxl", "--include", "*.none")).ExitCode);
        Assert.Equal(1, (await Tool.RunAsync("pull", "acme/none")).ExitCode);
        Assert.Contains("sdxl-dpo", (await Tool.RunAsync("pull", "sdxx")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terms_are_asked_for()
    {
        await using var hub = await TinyHub.StartAsync(isGated: true);
        var unasked = await Tool.RunAsync("pull", "acme/sdxl");
        Assert.Equal(1, unasked.ExitCode);
        Assert.Contains("--yes", unasked.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await Tool.RunAsync("pull", "acme/sdxl", "--yes")).ExitCode);
    }

    [Fact]
    public async Task Prompts_of_a_benchmark_are_fetched_by_their_name()
    {
        await using var hub = await TinyHub.StartAsync();
        var arms = Path.Combine(hub.Home, "arms.json");
        await File.WriteAllTextAsync(arms, """{"arms": [{"name": "base"}]}""");
        string[] arguments =
        [
            "evaluate",
            "--benchmark",
            "drawbench",
            "--prompts",
            "datasets/acme/prompts:drawbench.json",
            "--arms",
            arms,
            "--steps",
            "1",
            "--out",
            Path.Combine(hub.Home, "evaluation"),
        ];

        var unasked = await Tool.RunAsync(arguments);
        var run = await Tool.RunAsync([.. arguments, "--yes"]);
        TinyHub.Set("HF_HUB_OFFLINE", "1");
        var offline = await Tool.RunAsync(arguments);

        Assert.Equal((1, 0, 0), (unasked.ExitCode, run.ExitCode, offline.ExitCode));
        Assert.Contains("--yes", unasked.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(hub.Home, "evaluation", "report.html")));
    }

    private static Task<ToolRun> AlignAsync(TinyHub hub, params string[] models) =>
        Tool.RunAsync([
            "align",
            "a red cube",
            "--steps",
            "1",
            "--width",
            "32",
            "--height",
            "32",
            "--no-critique",
            "--device",
            "cpu",
            "--out",
            Path.Combine(hub.Home, "out"),
            .. models,
        ]);
}
