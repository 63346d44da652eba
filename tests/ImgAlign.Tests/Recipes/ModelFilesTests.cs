using ImgAlign.Checkpoints;
using ImgAlign.Cli.Align;
using ImgAlign.Hub;
using ImgAlign.Recipes;

namespace ImgAlign.Tests.Recipes;

public sealed class ModelFilesTests
{
    [Fact]
    public void Of_a_pipeline_each_part_comes_once() =>
        AssertNeeded(
            [
                "model_index.json",
                "scheduler/scheduler_config.json",
                "tokenizer/merges.txt",
                "unet/config.json",
                "unet/diffusion_pytorch_model.safetensors",
            ],
            [
                "sd_xl_base_1.0.safetensors",
                "README.md",
                "unet/diffusion_pytorch_model.fp16.safetensors",
                "unet/model.onnx",
                "unet/openvino_model.bin",
                "unet/diffusion_flax_model.msgpack",
                "unet/diffusion_pytorch_model.bin",
            ]
        );

    [Fact]
    public void Of_two_layouts_in_one_repository_one_comes() =>
        AssertNeeded(
            [
                "model_index.json",
                "text_encoder_2/model-00001-of-00002.safetensors",
                "transformer/config.json",
                "transformer/diffusion_pytorch_model-00001-of-00003.safetensors",
                "vae/diffusion_pytorch_model.safetensors",
            ],
            ["flux1-dev.safetensors", "ae.safetensors", "dev_grid.jpg", "README.md"]
        );

    [Fact]
    public void Pickles_come_where_there_is_nothing_else() =>
        AssertNeeded(
            [
                "config.json",
                "pytorch_model-00001-of-00002.bin",
                "pytorch_model-00002-of-00002.bin",
                "pytorch_model.bin.index.json",
                "tokenizer.model",
                "original/model.ckpt",
            ],
            []
        );

    [Fact]
    public void Half_precision_comes_where_there_is_nothing_else() =>
        AssertNeeded(["config.json", "model.fp16.safetensors"], ["model.fp16.onnx"]);

    [Theory]
    [InlineData("acme/tiny", true)]
    [InlineData("hf:acme/tiny", true)]
    [InlineData("black-forest-labs/FLUX.1-dev", true)]
    [InlineData("acme/tiny:model.safetensors", true)]
    [InlineData("models/model.safetensors", false)]
    [InlineData("./tiny", false)]
    [InlineData("/acme/tiny", false)]
    [InlineData("tiny", false)]
    public void A_name_of_the_hub_is_told_from_a_path(string text, bool isHub) => Assert.Equal(isHub, HubName.TryRead(text, out _));

    [Fact]
    public void A_path_that_exists_wins()
    {
        var folder = Directory.CreateDirectory(Path.Combine("acme-that-exists", "tiny"));
        Assert.False(HubName.TryRead("acme-that-exists/tiny", out _));
        Assert.True(HubName.TryRead("hf:acme-that-exists/tiny", out _));
        folder.Parent!.Delete(recursive: true);
    }

    [Fact]
    public void Every_recipe_that_comes_with_the_library_is_complete()
    {
        foreach (var recipe in RecipeBook.BuiltIn.Recipes)
        {
            var settings = SettingsOf(recipe);
            if (!settings.Contains("Aligner:Path"))
                continue; // for imgalign generate, or a model alone
            Assert.Contains("Llava:ModelPath", settings);
            Assert.Contains(settings, static key => key is "Sdxl:ModelPath" or "Flux:ModelPath");
        }
        Assert.Equal(
            ["sdxl", "sdxl-dpo", "flux", "flux-schnell", "flux-redux", "zimage-turbo", "zimage", "qwen3vl"],
            RecipeBook.BuiltIn.Recipes.Select(static recipe => recipe.Name)
        );
    }

    [Fact]
    public void What_a_recipe_names_is_the_family_whose_files_it_has()
    {
        foreach (var recipe in RecipeBook.BuiltIn.Recipes)
        {
            Assert.NotEmpty(recipe.Settings);
            foreach (var family in recipe.Settings.Values)
                Assert.Contains(SettingsOf(recipe), key => key.Equals($"{family}:ModelPath", StringComparison.OrdinalIgnoreCase));
        }
    }

    [Fact]
    public void Every_scorer_that_a_recipe_can_have_is_one_of_the_tool()
    {
        foreach (var scorer in RecipeBook.BuiltIn.Scorers)
            Assert.Contains($"{ScorerArguments.SectionOf(scorer.Name)}:ModelPath", SettingsOf(scorer));
    }

    private static HashSet<string> SettingsOf(Recipe recipe) => [.. recipe.Models.SelectMany(static model => model.Settings.Keys)];

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"recipes\": {\"a\": {\"about\": \"x\"}}}")]
    [InlineData("{\"recipes\": {\"a\": {\"about\": \"x\", \"models\": [{\"repository\": \"none\", \"settings\": {}}]}}}")]
    [InlineData("{\"recipes\": {\"a\": {\"about\": \"x\", \"models\": [], \"more\": 1}}}")]
    public void A_file_that_is_not_of_the_form_is_refused(string json)
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, json);
        Assert.Contains(file, Assert.Throws<ImgAlignException>(() => RecipeBook.Read(file)).Message, StringComparison.Ordinal);
        File.Delete(file);
    }

    private static void AssertNeeded(string[] needed, string[] others) => Assert.Equal(needed, ModelFiles.Needed([.. needed, .. others]));
}
