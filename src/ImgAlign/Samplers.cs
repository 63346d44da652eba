using ImgAlign.Sampling;

namespace ImgAlign;

/// <summary>The samplers that come with the library.</summary>
public static class Samplers
{
    /// <summary>Euler steps, one evaluation a step: the method of IMG.</summary>
    public static ISampler Euler { get; } = new EulerSampler();

    /// <summary>DPM-Solver++(2M), one evaluation a step: nearer to the limit than Euler with the same number of steps.</summary>
    public static ISampler DpmSolver2M { get; } = new DpmSolver2M();

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ISampler> All { get; } = [Euler, DpmSolver2M];

    /// <summary>Finds a sampler by its name.</summary>
    /// <param name="name">Its name, such as <c>dpmpp-2m</c>.</param>
    /// <exception cref="ArgumentException">There is none of that name; the message lists those that there are.</exception>
    public static ISampler ByName(string name) => All.FirstOrDefault(sampler => sampler.Name == name)
        ?? throw new InvalidRequestException($"There is no sampler '{name}'; there are {string.Join(", ", All.Select(static sampler => sampler.Name))}.", "Sampler");
}
