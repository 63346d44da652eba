namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>A colour; each channel from 0 to 1.</summary>
internal readonly record struct Rgb(double Red, double Green, double Blue)
{
    private static readonly Rgb[] Palette =
    [
        Of(215, 45, 40),
        Of(45, 165, 65),
        Of(45, 85, 215),
        Of(240, 200, 40),
        Of(160, 60, 190),
        Of(35, 35, 35),
    ];

    public static Rgb Of(byte red, byte green, byte blue) => new(red / 255.0, green / 255.0, blue / 255.0);

    public static Rgb Of(ShapeColor color) => Palette[(int)color];

    public static Rgb operator +(Rgb a, Rgb b) => new(a.Red + b.Red, a.Green + b.Green, a.Blue + b.Blue);

    public static Rgb operator -(Rgb a, Rgb b) => new(a.Red - b.Red, a.Green - b.Green, a.Blue - b.Blue);

    public static Rgb operator *(Rgb a, double factor) => new(a.Red * factor, a.Green * factor, a.Blue * factor);

    public double Dot(Rgb other) => Red * other.Red + Green * other.Green + Blue * other.Blue;

    public double DistanceTo(Rgb other)
    {
        var difference = this - other;
        return Math.Sqrt(difference.Dot(difference));
    }

    /// <summary>The nearest of the objects' colours, or null when none is nearer than a limit.</summary>
    public ShapeColor? Nearest(double limit)
    {
        var self = this;
        var nearest = Enum.GetValues<ShapeColor>().MinBy(color => self.DistanceTo(Of(color)));
        return DistanceTo(Of(nearest)) <= limit ? nearest : null;
    }

    public Rgb Jitter(SceneRandom random, double deviation) =>
        new(Red + deviation * random.Normal(), Green + deviation * random.Normal(), Blue + deviation * random.Normal());
}
