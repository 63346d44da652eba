using System.Globalization;
using ImgAlign.Cli.Checks;
using ImgAlign.Hub;
using ImgAlign.Recipes;
using ImgAlign.Runtime;

namespace ImgAlign.Cli.Hub;

/// <summary>Whether this machine is enough for a recipe: files on the disk or room for them, and memory of a device under each residency
/// policy.</summary>
internal static class RecipeExamination
{
    public static async Task<IReadOnlyList<DoctorCheck>> ExamineAsync(Recipe recipe, string device, CancellationToken cancellationToken) =>
        [await ExamineDiskAsync(recipe, cancellationToken), .. ExamineMemory(recipe, device)];

    private static async Task<DoctorCheck> ExamineDiskAsync(Recipe recipe, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new HubClient();
            long needed = 0;
            foreach (var model in recipe.Models)
            {
                if (client.Cache.TryFind(model.Reference, model.Files) is not null)
                    continue;
                needed += (await client.PlanAsync(model.Reference, model.Files, cancellationToken)).BytesToFetch;
            }
            if (needed == 0)
                return new("models", DoctorVerdict.Fine, $"all models of {recipe.Name} are in {client.Cache.Folder}");
            var free = client.Cache.FreeBytes;
            return needed <= free
                ? new(
                    "models",
                    DoctorVerdict.Warning,
                    $"{Text(needed)} are to fetch, {Text(free)} are free on the disk of {client.Cache.Folder}",
                    $"imgalign pull {recipe.Name}"
                )
                : new(
                    "models",
                    DoctorVerdict.Problem,
                    $"{Text(needed)} are to fetch, only {Text(free)} are free on the disk of {client.Cache.Folder}",
                    "make room, or set HF_HUB_CACHE to a folder on another disk"
                );
        }
        catch (HubException e)
        {
            return new("models", DoctorVerdict.Problem, e.Message);
        }
    }

    private static IEnumerable<DoctorCheck> ExamineMemory(Recipe recipe, string device)
    {
        DeviceMemory? known;
        try
        {
            using var runtime = new DeviceRuntime(new RuntimeOptions { Device = device });
            known = DeviceMemory.Query(runtime.Device);
        }
        catch (ImgAlignException exception)
        {
            return [new("device", DoctorVerdict.Problem, exception.Message)];
        }
        if (known is not { } memory)
            return [new("memory", DoctorVerdict.Warning, $"how much memory {device} has is not known")];
        var fitting = recipe.MemoryGigabytes.Where(need => need.Value * 1e9 <= memory.FreeBytes).Select(need => need.Key).ToHashSet();
        return recipe.MemoryGigabytes.Select(need => new DoctorCheck(
            "memory",
            fitting.Contains(need.Key) ? DoctorVerdict.Fine
                : fitting.Count > 0 ? DoctorVerdict.Warning
                : DoctorVerdict.Problem,
            string.Create(
                CultureInfo.InvariantCulture,
                $"--residency {need.Key} needs {need.Value:0.#} GB in 16 bits; {Text(memory.FreeBytes)} are free on {device}"
            ),
            fitting.Contains(need.Key) ? null
                : fitting.Count > 0 ? $"--residency {fitting.First()}"
                : "--storage, --text-encoder-storage and --detector-storage Int8 halve the weights; "
                    + "FLUX is smaller still as GGUF (docs/memory.md)"
        ));
    }

    private static string Text(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB");
}
